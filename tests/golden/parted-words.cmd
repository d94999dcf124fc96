. tests/golden/session.sh
# mig-parted's command line: flags, variables, and what is wrong with either.
PATH=$BUILD/libexec/migctl/shims:$PATH
export MIGCTL_SIM=n
p=nvidia-mig-parted
f=examples/partitions.yaml
t migctl sim new n --gpus 2xH100-SXM5-80GB --seed 1
echo "--- questions"
t $p --version
t $p help restore
t $p apply --help
t $p export -h
$p | head -n 1
$p --help | head -n 1
$p help | head -n 1
MIGCTL_SIM='' migctl --sim n parted -h | head -n 1
echo "--- flags in every spelling"
t $p --debug assert -f $f -c all-disabled
t $p assert -d --config-file=$f --selected-config=all-disabled
t $p assert -config-file $f -selected-config all-disabled
t $p assert -ac all-disabled -f $f
t $p assert -amf=$f -c all-disabled
t $p assert -a=false -m=0 --mode-only=T -f $f -c all-disabled
t $p assert -f nowhere -c nothing -f $f -c all-disabled
echo "--- variables, and that a flag wins"
t env MIG_PARTED_CONFIG_FILE=$f MIG_PARTED_SELECTED_CONFIG=all-disabled $p assert
t env MIG_PARTED_CONFIG_FILE=$f MIG_PARTED_SELECTED_CONFIG=all-enabled $p assert -c all-disabled
t env MIG_PARTED_CONFIG_FILE=$f MIG_PARTED_SELECTED_CONFIG=all-disabled \
	MIG_PARTED_MODE_CHANGE_ONLY=1 $p assert
t env MIG_PARTED_CONFIG_FILE=$f MIG_PARTED_SELECTED_CONFIG=all-disabled \
	MIG_PARTED_VALID_CONFIG=true $p assert
t env MIG_PARTED_CONFIG_FILE=$f MIG_PARTED_SELECTED_CONFIG=all-disabled \
	MIG_PARTED_VALID_CONFIG= $p assert
t env MIG_PARTED_OUTPUT_FORMAT=json MIG_PARTED_CONFIG_LABEL=mine $p export
t env MIG_PARTED_OUTPUT_FILE="$DIR/out.yaml" $p generate-config
grep -c . "$DIR/out.yaml"
t env MIG_PARTED_CHECKPOINT_FILE="$DIR/cp.json" $p checkpoint
t env MIG_PARTED_CHECKPOINT_FILE="$DIR/cp.json" MIG_PARTED_DEBUG=true $p restore
t env MIG_PARTED_CONFIG_FILE=$f MIG_PARTED_SELECTED_CONFIG=all-enabled \
	MIG_PARTED_MODE_CHANGE_ONLY=true MIG_PARTED_SKIP_RESET=true $p apply
t env MIG_PARTED_CONFIG_FILE=$f MIG_PARTED_SELECTED_CONFIG=all-enabled $p assert
echo "--- variables of other commands are not looked at"
t env MIG_PARTED_OUTPUT_FORMAT=xml MIG_PARTED_SKIP_RESET=maybe $p assert -f $f -c all-enabled
echo "--- mistakes"
t $p destroy
t $p apply
t $p assert
t $p checkpoint
t $p restore
t $p apply -f
t $p apply -f $f
t $p apply -f $f -c nothing
t $p apply -f $f -c all-enabled more
t $p apply -f nowhere.yaml
t $p apply -x
t $p apply --config $f
t $p apply -fs $f
t $p export -f $f
t $p -f $f apply
t $p apply -m=perhaps -f $f
t env MIG_PARTED_SKIP_RESET=perhaps $p apply -f $f
t $p export -o xml
t env MIG_PARTED_OUTPUT_FORMAT= $p export
t env MIG_PARTED_CONFIG_LABEL= $p export
t $p apply -f $f -c all-enabled -k nowhere.yaml
t $p apply -f $f -c all-enabled --hook-timeout never
t env MIGCTL_SIM=nobody $p export
echo "--- what mig-parted rejects in files"
try() {
	echo "$1" | tee "$DIR/f.yaml"
	t $p apply -f "$DIR/f.yaml"
}
try 'mig-configs: {a: [{devices: all, mig-enabled: false}]}'
try '{version: v2, mig-configs: {a: [{devices: all, mig-enabled: false}]}}'
try '{version: v1, mig-configs: {}}'
try '{version: v1, mig-configs: {a: []}}'
try '{version: v1, mig-configs: {a: [{devices: some, mig-enabled: false}]}}'
try '{version: v1, mig-configs: {a: [{devices: 7, mig-enabled: false}]}}'
try '{version: v1, mig-configs: {a: [{mig-enabled: false}]}}'
try '{version: v1, mig-configs: {a: [{devices: all}]}}'
try '{version: v1, mig-configs: {a: [{devices: all, mig-enabled: true}]}}'
try '{version: v1, mig-configs: {a: [{devices: all, mig-enabled: false, mig-devices: {1g.10gb: 1}}]}}'
try '{version: v1, mig-configs: {a: [{devices: all, mig-enabled: true, mig-devices: {1g.10gb: 0}}]}}'
try '{version: v1, mig-configs: {a: [{devices: all, mig-enabled: true, mig-devices: {1g.10gb: -1}}]}}'
try '{version: v1, mig-configs: {a: [{devices: all, mig-enabled: true, mig-devices: {1g10gb: 1}}]}}'
try '{version: v1, mig-configs: {a: [{devices: all, mig-enabled: true, mig-devices: {}, more: 1}]}}'
t $p export
