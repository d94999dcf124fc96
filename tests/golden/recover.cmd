. tests/golden/session.sh
file=examples/partitions.yaml
t migctl sim new n --gpus 2xH100-SXM5-80GB --seed 1
t migctl --sim n recover
migctl --sim n apply -f $file -c all-balanced >/dev/null 2>&1
# A change of both GPUs or none, killed half-way.
t migctl sim fault n 'nvmlGpuInstanceCreateComputeInstance#1=kill'
killed() { sh -c '"$@"; exit' sh "$@" >/dev/null 2>&1; echo "killed: status $?"; }
killed migctl --sim n apply -f $file -c all-1g.10gb --atomic
t migctl --sim n status | grep unfinished
migctl --sim n status --json | grep -c '"unfinished"'
t migctl --sim n doctor | grep -A 1 unfinished
# A GPU of it is lost meanwhile: it is ended when that is back.
t migctl sim lost n 1
t migctl --sim n recover
t migctl sim lost n 1 --back
t migctl --sim n create -i 0 1g.10gb
t migctl --sim n apply -f $file -c all-balanced
t migctl --sim n recover --dry-run
t migctl --sim n recover --dry-run --json | sed "s/\"n_done\": .*/\"n_done\": N,/"
t migctl --sim n recover --back --finish
t migctl --sim n recover
t migctl --sim n assert -f $file -c all-balanced
t migctl --sim n recover --json
t migctl --sim n recover --dry-run --json
# Each GPU by itself, and forth.
migctl --sim n destroy --all >/dev/null 2>&1
t migctl sim fault n 'nvmlGpuInstanceCreateComputeInstance#1=kill'
killed migctl --sim n create -i 0 3g.40gb 2g.20gb
t migctl --sim n recover --finish --json
t migctl --sim n status 0
# All is left as it is, because somebody says so.
t migctl sim fault n 'nvmlGpuInstanceCreateComputeInstance#1=kill'
killed migctl --sim n create -i 1 3g.40gb@4 2g.20gb@0
t migctl --sim n smi mig -cgi 19 -i 1
t migctl --sim n recover --forget
t migctl --sim n recover
t migctl --sim n status 1
# A reboot: what is on record comes back.
t migctl sim fault n 'nvmlDeviceCreateGpuInstanceWithPlacement#2=kill'
killed migctl --sim n create -i 0 1g.10gb@2 1g.10gb@3
t migctl sim reboot n
t migctl --sim n status 0
t migctl --sim n recover
t migctl --sim n status 0
# A reboot that cut the first change of all short: there is nothing to bring back.
migctl --sim n destroy --all >/dev/null 2>&1
rm "$MIGCTL_SIM_DIR/n/record"
t migctl sim fault n 'nvmlDeviceCreateGpuInstanceWithPlacement#1=kill'
killed migctl --sim n create -i 0 1g.10gb@2
t migctl sim reboot n
t migctl --sim n recover
# A journal that nobody can read: nothing is begun, and forgetting it is the way out.
echo nonsense >"$MIGCTL_SIM_DIR/n/journal"
t migctl --sim n doctor | grep -A 1 unfinished
t migctl --sim n create -i 0 1g.10gb
t migctl --sim n recover --forget
t migctl --sim n doctor | grep unfinished
