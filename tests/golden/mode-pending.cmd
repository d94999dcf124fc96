. tests/golden/session.sh
# A switch that the driver can only note: what was done before it stays done, and is said.
waits() {
	migctl sim fault n --clear >"$DIR/list" 2>&1
	t migctl sim fault n 'nvmlDeviceSetMigMode@activation#1=IN_USE'
}
t migctl sim new n --gpus 1xA100-SXM4-80GB,1xH100-SXM5-80GB --seed 1
t migctl --sim n enable --all
t migctl --sim n create -i 0 3g.40gb 2x1g.10gb
waits
t migctl --sim n disable 0 --destroy
t migctl --sim n status 0
# It is asked for again, and waits again.
waits
t migctl --sim n disable 0 --json
t migctl --sim n enable 0
t migctl --sim n create -i 0 3g.40gb 1g.10gb
waits
t migctl --sim n disable 0 --destroy --json
# With a reset after it nothing waits, and nothing has failed.
t migctl --sim n disable 0 --reset
waits
t migctl --sim n enable 0 --reset --json
t migctl --sim n create -i 0 3g.40gb
waits
t migctl --sim n disable 0 --destroy --reset
# What failed and was undone has the mode that it had.
t migctl --sim n create -i 1 7g.80gb
t migctl sim fault n nvmlDeviceSetMigMode#1=UNKNOWN
t migctl --sim n disable 1 --destroy --json
t migctl --sim n status 1
