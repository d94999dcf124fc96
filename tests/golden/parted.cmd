. tests/golden/session.sh
# The link by which migctl is mig-parted; the machine is named by the variable.
PATH=$BUILD/libexec/migctl/shims:$PATH
export MIGCTL_SIM=n
t migctl sim new n --gpus 1xA100-SXM4-80GB,1xH100-SXM5-80GB,1xA30 --seed 1
f=examples/partitions.yaml

echo "--- export, yaml and json"
t nvidia-mig-parted export
t nvidia-mig-parted export -o json -l before

echo "--- apply: nothing on stdout but its one line"
nvidia-mig-parted apply -f $f -c mixed-node 2>"$DIR/err"
cat "$DIR/err"
t nvidia-mig-parted export
t nvidia-mig-parted apply -f $f -c mixed-node --debug
t nvidia-mig-parted assert -f $f -c mixed-node
t nvidia-mig-parted assert -f $f -c all-disabled
t nvidia-mig-parted assert -f $f -c all-smallest
t nvidia-mig-parted assert -m -f $f -c all-enabled
t nvidia-mig-parted assert --mode-only -f $f -c all-disabled

echo "--- every GPU must be named for assert, and none for the modes"
cat >"$DIR/one.yaml" <<'F'
version: v1
mig-configs:
  one:
  - devices: [0]
    mig-enabled: true
    mig-devices: {3g.40gb: 2}
F
t nvidia-mig-parted apply -f "$DIR/one.yaml"
t nvidia-mig-parted assert -f "$DIR/one.yaml"
t nvidia-mig-parted assert -m -f "$DIR/one.yaml"
t migctl assert -f "$DIR/one.yaml"

echo "--- export, apply, export: the same file"
nvidia-mig-parted apply -f $f -c mixed-node 2>/dev/null
nvidia-mig-parted export >"$DIR/first.yaml"
t nvidia-mig-parted apply -f $f -c all-disabled
t nvidia-mig-parted apply -f "$DIR/first.yaml"
nvidia-mig-parted export >"$DIR/second.yaml"
t cmp "$DIR/first.yaml" "$DIR/second.yaml"

echo "--- standard input"
nvidia-mig-parted assert -f - -c current <"$DIR/first.yaml"
nvidia-mig-parted assert -f - -c current -o yaml <"$DIR/first.yaml" 2>&1 || echo "[status $?]"

echo "--- checkpoint and restore: every place again"
t nvidia-mig-parted checkpoint -f "$DIR/checkpoint.json"
cat "$DIR/checkpoint.json"
echo
migctl status --json >"$DIR/placed.json"
t nvidia-mig-parted apply -f $f -c all-disabled
t nvidia-mig-parted restore -f "$DIR/checkpoint.json"
migctl status --json >"$DIR/again.json"
t cmp "$DIR/placed.json" "$DIR/again.json"
t nvidia-mig-parted restore -f "$DIR/checkpoint.json" -d
nvidia-mig-parted checkpoint -f "$DIR/second.json" >&2
t cmp "$DIR/checkpoint.json" "$DIR/second.json"
t nvidia-mig-parted apply -f $f -c all-disabled
t nvidia-mig-parted restore -m -f "$DIR/checkpoint.json"
t nvidia-mig-parted export

echo "--- a checkpoint of ours or of mig-parted, by hand: 3g at 4, and two 1g in odd places"
uuid=$(migctl smi --query-gpu=uuid --format=csv,noheader -i 0)
cat >"$DIR/hand.json" <<F
{"Version":"v1","MigState":{"Devices":[{"UUID":"$uuid","MigMode":1,"GpuInstances":[
{"ProfileID":0,"Placement":{"Start":1,"Size":1},"ComputeInstances":[{"ProfileID":0,"EngProfileID":0}]},
{"ProfileID":0,"Placement":{"Start":3,"Size":1},"ComputeInstances":null},
{"ProfileID":2,"Placement":{"Start":4,"Size":4},"ComputeInstances":[{"ProfileID":0,"EngProfileID":0},{"ProfileID":1,"EngProfileID":0}]}]}]}}
F
t nvidia-mig-parted restore -f "$DIR/hand.json"
migctl status | sed -n 3,11p
sed 's/"Start":4/"Start":3/' "$DIR/hand.json" >"$DIR/wrong.json"
t nvidia-mig-parted restore -f "$DIR/wrong.json"
sed 's/GPU-00510000/GPU-11111111/' "$DIR/hand.json" >"$DIR/other.json"
t nvidia-mig-parted restore -f "$DIR/other.json"
sed 's/MigMode/Mode/' "$DIR/hand.json" >"$DIR/wrong.json"
t nvidia-mig-parted restore -f "$DIR/wrong.json"
t nvidia-mig-parted export
