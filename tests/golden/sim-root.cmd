. tests/golden/session.sh
# needs /sys/bus/pci
[ "$(id -u)" -eq 0 ] || skip "only root can put a machine's files in place here"
unshare -m true 2>"$DIR/printed" || skip "mount namespaces are forbidden here: $(cat "$DIR/printed")"
t migctl sim new n --gpus 1xA100-SXM4-80GB,1xH100-SXM5-80GB --seed 1
t migctl sim tree n
t migctl sim tree n --json
t migctl --sim n enable --all
t migctl --sim n create --gpu 0 3g.40gb 1g.10gb
# What a program finds in the places that it knows.
cat >"$DIR/look.sh" <<'EOF'
. tests/golden/session.sh
t cat /proc/driver/nvidia/gpus/0000:07:00.0/information
t ls /dev/nvidia-caps /proc/driver/nvidia/capabilities/gpu0/mig
t cat /proc/driver/nvidia/capabilities/gpu0/mig/gi2/ci0/access
t grep -x 'gpu0/gi2/ci0/access .*' /proc/driver/nvidia-caps/mig-minors
t cut -d ' ' -f 1 /proc/modules
t cat /proc/devices
t ls /sys/bus/pci/devices
t cat /sys/bus/pci/devices/0000:0f:00.0/vendor /sys/bus/pci/devices/0000:0f:00.0/device
t readlink -f /sys/bus/pci/devices/0000:0f:00.0/driver
t cat /sys/module/nvidia/version /sys/module/nvidia/refcnt /sys/module/nvidia/parameters/NVreg_DeviceFileMode
t cat /proc/driver/nvidia/params
# The rest of /sys, /dev and /proc is what it was.
t sh -c 'ls /sys/module/*/ >/dev/null && echo "has its other modules"'
t sh -c 'echo lost > /dev/null; head -c 2 /dev/zero | wc -c; cat /proc/self/comm'
# A change is there when it is answered.
t migctl destroy 0/7
t ls /dev/nvidia-caps /proc/driver/nvidia/capabilities/gpu0/mig
EOF
# Where /proc is a view, a leak checker finds no threads to stop; the other cases check leaks.
ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0 \
	migctl sim exec n --root -- sh "$DIR/look.sh"
# Programs that are given the root of a driver find its library and an nvidia-smi there.
lib=$(echo "$DIR"/sim/n/root/usr/lib/*-linux-gnu)
cmp "$lib/libnvidia-ml.so.1" "$BUILD/lib/migctl/sim/libnvidia-ml.so.1" && echo 'the library is the simulated one'
readlink "$lib/libnvidia-ml.so" "$lib/libnvidia-ml.so.1"
MIGCTL_SIM=n t "$DIR/sim/n/root/usr/bin/nvidia-smi" -L
# The library of a driver that is installed is hidden behind it.
cat >"$DIR/installed.sh" <<'EOF'
mount -t tmpfs migctl /usr/local/lib && echo real >/usr/local/lib/libnvidia-ml.so.1
migctl sim exec n --root -- cmp "$1" /usr/local/lib/libnvidia-ml.so.1 && cat /usr/local/lib/libnvidia-ml.so.1
EOF
unshare -m sh "$DIR/installed.sh" "$lib/libnvidia-ml.so.1"
migctl sim exec n --root --keep-proc -- sh -c 'ls /proc/driver; ls -d /proc/$$ >/dev/null && echo "has its own process"' 2>/dev/null
# The namespace ends with the program, and its status is the program's.
t migctl sim exec n --root -- sh -c 'exit 7'
t migctl sim exec n --keep-proc -- true
t migctl sim exec nowhere --root -- true
t migctl sim tree nowhere
# Root writes no program into a folder that is somebody else's.
rm "$DIR/sim/n/root/usr/bin/nvidia-smi"
t migctl sim tree n
ls "$DIR/sim/n/root/usr/bin"
rm "$DIR/sim/n/root/usr/bin/nvidia-smi"
chown 65534 "$DIR/sim/n/root/usr/bin"
t migctl sim tree n
ls "$DIR/sim/n/root/usr/bin"
