# Where a real driver is loaded, a verb that changes something wants more than the variable.
. tests/golden/session.sh
needs_no_driver
[ "$(id -u)" -eq 0 ] || skip "only root can make it look as if a driver were loaded"
driver='mount -t tmpfs none /proc/driver && mkdir /proc/driver/nvidia &&
	echo "NVRM version: none" >/proc/driver/nvidia/version'
unshare -m sh -c "$driver" 2>"$DIR/printed" || skip "no mounts here: $(tail -n 1 "$DIR/printed")"

t migctl sim new n --gpus 1xA30 --seed 1
export MIGCTL_SIM=n
cat >"$DIR/real.sh" <<'EOF'
. tests/golden/session.sh
t migctl status
t migctl fit 4g.24gb
t migctl diff -f examples/partitions.yaml -c all-balanced
t migctl enable 0
t migctl disable 0
t migctl create 1g.6gb
t migctl destroy --all
t migctl apply -f examples/partitions.yaml -c all-balanced
t migctl apply -f examples/partitions.yaml -c all-balanced --dry-run
# Said with an option, it is meant.
t migctl --sim n enable
t migctl --sim n create 1g.6gb
t migctl --hardware enable
# 'sim exec' has said it too.
t migctl sim exec n -- migctl destroy --all
t migctl sim exec n -- migctl --hardware disable
EOF
unshare -m sh -c "$driver && exec sh '$DIR/real.sh'"
