. tests/golden/session.sh
# A machine that is not there is named, with the way out: by every verb, instead of a GPU that
# it would lack, and also where not even the folder of machines is.
: >"$DIR/list"
ask() {
	for verb in 'exec x -- true' 'exec x --root -- true' 'tenant x --device 0 -- true' 'tree x' \
		'xid x 0 79' 'xid x none 79' 'fault x' 'fault x nvmlDeviceSetMigMode=IN_USE' \
		'fault x --clear' 'latency x' 'lost x 0' 'lost x none' 'settle x 10' \
		"scenario x $DIR/list" 'log x' 'log x --follow' 'reset x' 'reset x none' \
		'reboot x' 'rm x'; do
		# shellcheck disable=SC2086 # words
		t migctl sim $verb
	done
	t migctl --sim x status
}
ask
echo "--- where there is no folder either:"
MIGCTL_SIM_DIR=$DIR/none
ask
# One that is there has no such GPU.
t migctl sim new x --gpus 1xA30 --seed 1
t migctl sim lost x none
t migctl sim lost x 7
t migctl sim reset x 7
t migctl sim xid x 7 79
