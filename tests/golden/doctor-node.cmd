. tests/golden/session.sh
# A node that has the minor number of another.
mknod "$DIR/node" c 61 22 2>/dev/null || skip "device nodes cannot be made here"
t migctl sim new n --gpus 1xA100-SXM4-80GB --seed 1
t migctl --sim n enable 0
t migctl --sim n create -i 0 3g.40gb
cp -a "$(migctl sim tree n)" "$DIR/host"
rm -f "$DIR/host/dev/nvidia-caps/nvidia-cap21"
mv "$DIR/node" "$DIR/host/dev/nvidia-caps/nvidia-cap21"
t migctl --sim n doctor --root "$DIR/host" | grep -E -A 1 'nodes|checks|status'
