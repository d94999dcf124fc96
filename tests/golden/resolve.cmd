. tests/golden/session.sh
t migctl sim new n --gpus 1xA100-SXM4-80GB,1xH100-SXM5-80GB --seed 1
t migctl --sim n enable 0
t migctl --sim n create -i 0 2x1c.3g.40gb 1g.10gb
t migctl --sim n resolve 0:0
t migctl --sim n resolve 0:0 --json
t migctl --sim n resolve 0/2
t migctl --sim n resolve 1
# Each name means the same device.
migctl --sim n resolve 0:1 >"$DIR/one"
same() { migctl --sim n resolve "$1" 2>&1 | diff "$DIR/one" - >/dev/null && echo "same: $1" || echo "other: $1"; }
gpu=$(sed -n 's/^gpu_uuid *//p' "$DIR/one")
uuid=$(sed -n 's/^uuid  *//p' "$DIR/one")
for name in 0/2/1 "$uuid" "$uuid::3" "MIG-$gpu/2/1" "nvidia.com/gpu=0:1" "nvidia.com/gpu=$uuid" \
	mig0:1 nvidia-cap23 cap23 /dev/nvidia-caps/nvidia-cap23 gpu0/gi2/ci1/access \
	gpu0/mig/gi2/ci1/access; do
	same "$name"
done
migctl --sim n resolve 0/2 >"$DIR/one"
for name in 0:3g.40gb@4 cap21 gpu0/gi2/access gpu:nvidia_a100-sxm4-80gb_1c.3g.40gb; do
	same "$name"
done
migctl --sim n resolve 1 >"$DIR/one"
for name in /dev/nvidia1 nvidia.com/gpu=1 gpu1 0000:0f:00.0 nvidia_h100_80gb_hbm3; do
	same "$name"
done
# Names of what is not there, or not any more.
t migctl --sim n resolve cap30
t migctl --sim n resolve nvidia-cap1
t migctl --sim n resolve cap2
t migctl --sim n resolve gpu0/gi3/access
t migctl --sim n resolve 0:
t migctl --sim n resolve /dev/nvidia7
t migctl --sim n resolve gpu9/gi1/access
t migctl --sim n resolve MIG-00000000-0000-5000-8000-000000000000
t migctl --sim n resolve "MIG-$gpu/1/0"
t migctl --sim n resolve nvidia.com/gpu=0:7
t migctl --sim n resolve nonsense
t migctl --sim n resolve
t migctl --sim n destroy 0/2
t migctl --sim n resolve "$uuid"
t migctl --sim n resolve cap23
# Without privilege places are not told, and the rest is.
t migctl sim new s --gpus 1xA30 --seed 1 --strict
t migctl --sim s enable
t migctl --sim s create 2g.12gb
as_nobody migctl --sim s resolve 0:0
