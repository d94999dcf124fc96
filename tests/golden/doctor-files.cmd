. tests/golden/session.sh
# broken WHAT CHECK: what the check says of a machine whose files are as a command left them.
broken() {
	echo "--- $1"
	migctl --sim n doctor --root "$DIR/host" >"$DIR/all" 2>&1
	status=$?
	grep -A 1 -E "^[A-Z]+ +$2 " "$DIR/all" | grep -E "^[A-Z]+ +$2 |->"
	tail -n 1 "$DIR/all"
	[ "$status" -eq 0 ] || echo "[status $status]"
	rm -rf "$DIR/host"
	cp -a "$root" "$DIR/host"
}
t migctl sim new n --gpus 1xA100-SXM4-80GB --seed 1
t migctl --sim n enable 0
t migctl --sim n create -i 0 3g.40gb 1g.10gb
root=$(migctl sim tree n)
cp -a "$root" "$DIR/host"
host=$DIR/host

rm -f "$host/proc/driver/nvidia/version"
echo 'NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.261.03  Tue Jan 1' >"$host/proc/driver/nvidia/version"
broken 'the module is an older one' versions
for lib in usr/lib/x86_64-linux-gnu usr/lib64; do
	mkdir -p "$host/$lib"
	echo "$lib" >"$host/$lib/libnvidia-ml.so.1"
done
broken 'two libraries' libraries
mkdir -p "$host/usr/lib64"
ln "$host"/usr/lib/*-linux-gnu/libnvidia-ml.so.580.126.09 "$host/usr/lib64/libnvidia-ml.so.1"
broken 'one library of two names' libraries
rm -f "$host/proc/driver/nvidia-caps/mig-minors"
broken 'no table of capabilities' minors
rm -f "$host/proc/driver/nvidia-caps/mig-minors"
echo 'config one' >"$host/proc/driver/nvidia-caps/mig-minors"
broken 'a table that is none' minors
rm -f "$host/dev/nvidia-caps/nvidia-cap22"
broken 'a node is missing' nodes
rm -f "$host/dev/nvidia-caps/nvidia-cap21"
echo x >"$host/dev/nvidia-caps/nvidia-cap21"
broken 'a node is none' nodes
rm -f "$host/dev/nvidiactl"
chmod 600 "$host/dev/nvidia0"
broken 'device nodes' devices
mkdir -p "$host/etc/cdi" "$host/var/run/cdi"
uuid=$(migctl --sim n status --json | sed -n 's/.*"uuid": "\(MIG-[^"]*\)".*/\1/p' | head -n 1)
echo "{\"devices\": [{\"name\": \"$uuid\"}, {\"name\": \"MIG-00000000-0000-5000-8000-000000000000\"}]}" >"$host/etc/cdi/a.json"
echo '- path: /dev/nvidia-caps/nvidia-cap21' >"$host/var/run/cdi/b.yaml"
echo '- path: /dev/nvidia-caps/nvidia-cap30' >>"$host/var/run/cdi/b.yaml"
echo 'MIG-00000000-0000-5000-8000-000000000001' >"$host/var/run/cdi/not-a-spec.txt"
broken 'CDI names what is gone' cdi
mkdir -p "$host/etc/cdi"
echo "name: $uuid" >"$host/etc/cdi/a.yaml"
broken 'CDI names what is there' cdi
mkdir -p "$host/etc/cdi"
echo 'MIG-00000000-0000-5000-8000-000000000000' >"$host/etc/cdi/$(printf 'a\033[31m\377.json')"
broken 'a name of bytes that are no text' cdi
labels=$host/etc/kubernetes/node-feature-discovery/features.d
mkdir -p "$labels"
cat >"$labels/gfd" <<'EOF'
nvidia.com/mig.strategy=mixed
nvidia.com/mig-1g.10gb.replicas=4
nvidia.com/mig-1g.10gb.sharing-strategy=time-slicing
nvidia.com/mig-3g.40gb.replicas=1
nvidia.com/mig-3g.40gb.sharing-strategy=none
EOF
broken 'a MIG device that is time-sliced' sharing
mkdir -p "$labels"
echo 'nvidia.com/gpu.sharing-strategy=none' >"$labels/gfd"
broken 'none that is' sharing
echo 'nvidia_drm 77824 4 - Live 0x0000000000000000' >>"$host/proc/modules"
broken 'the display module' nvidia-drm
mkdir -p "$host/proc/driver/nvidia-nvswitch/devices"
broken 'switches without a fabric manager' fabric-manager
mkdir -p "$host/run/nvidia-persistenced"
: >"$host/run/nvidia-persistenced/socket"
broken 'a socket of persistenced' persistenced
mkdir -p "$host/sys/class/dmi/id"
echo QEMU >"$host/sys/class/dmi/id/sys_vendor"
echo 'Standard PC' >"$host/sys/class/dmi/id/product_name"
broken 'a virtual machine' virtualization
