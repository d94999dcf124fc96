. tests/golden/session.sh
# assert --valid-config asks the GPUs that are here, and without any the catalog.
PATH=$BUILD/libexec/migctl/shims:$PATH
try() {
	echo "$1" | tee "$DIR/f.yaml"
	t nvidia-mig-parted assert -a -f "$DIR/f.yaml"
}
entry() {
	try "{version: v1, mig-configs: {a: [{devices: $1, mig-enabled: true, mig-devices: {$2}}]}}"
}
filtered() {
	try "{version: v1, mig-configs: {a: [{device-filter: $1, devices: all, mig-enabled: true, mig-devices: {$2}}]}}"
}
needs_no_driver
echo "--- no GPU here"
entry all '1g.5gb: 7'
entry all '1g.10gb: 7'
entry all '1g.10gb: 8'
entry all '3g.40gb: 1, 4g.40gb: 1'
entry all '3g.40gb: 2, 1g.10gb: 1'
entry all '1c.3g.40gb: 6'
entry all '1g.11gb: 1'
entry '[0, 1, 7]' '1g.24gb: 4'
filtered '"0x20B210DE"' '1g.10gb: 7'
filtered '"0x20B210DE"' '1g.5gb: 7'
filtered '["0x20B010DE", "0x20B210DE:0x146310DE"]' '1g.10gb: 4'
filtered '"0xFFFF10DE"' '1g.999gb: 1'
try '{version: v1, mig-configs: {a: [{devices: all, mig-enabled: false}]}}'
t nvidia-mig-parted assert -a -f examples/partitions.yaml -c mixed-node
t nvidia-mig-parted assert -f examples/partitions.yaml -c mixed-node
t nvidia-mig-parted export
echo "--- an A30 here"
t migctl sim new n --gpus 1xA30 --seed 1
export MIGCTL_SIM=n
entry all '1g.6gb: 4'
entry all '1g.5gb: 7'
entry '[0]' '2g.12gb: 2, 1g.6gb: 1'
entry '[1]' '2g.12gb: 2'
