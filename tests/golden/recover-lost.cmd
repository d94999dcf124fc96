. tests/golden/session.sh
# A change that is cut short, of GPUs of which one is lost then: the others are ended.
file=examples/partitions.yaml
killed() { sh -c '"$@"; exit' sh "$@" >/dev/null 2>&1; echo "killed: status $?"; }
t migctl sim new n --gpus 3xH100-SXM5-80GB --seed 1
migctl --sim n enable --all >/dev/null 2>&1
migctl --sim n create -i 1 3g.40gb --name team-a/llm >/dev/null 2>&1
t migctl sim fault n 'nvmlGpuInstanceCreateComputeInstance#1=kill'
killed migctl --sim n apply -f $file -c all-1g.10gb
t migctl sim lost n 1
t migctl --sim n recover
# Of the lost one it is unfinished, and everybody says so.
t migctl --sim n recover
t migctl --sim n recover --json
t migctl --sim n status | grep unfinished
t migctl --sim n doctor | grep -A 1 unfinished
t migctl --sim n create -i 0 1g.10gb
t migctl sim lost n 1 --back
t migctl --sim n recover
t migctl --sim n recover
t migctl --sim n resolve team-a/llm | grep instance_name
t migctl --sim n status | grep -A 2 '^GPU'
# All or none waits for all.
t migctl sim fault n 'nvmlGpuInstanceCreateComputeInstance#1=kill'
killed migctl --sim n apply -f $file -c all-1g.10gb --atomic
t migctl sim lost n 2
t migctl --sim n recover
t migctl --sim n recover --forget
# Forth, and the rest forgotten.
migctl --sim n destroy 0 --all >/dev/null 2>&1
migctl --sim n destroy 1 --all >/dev/null 2>&1
t migctl sim lost n 2 --back
migctl --sim n destroy 2 --all >/dev/null 2>&1
migctl sim fault n --clear >/dev/null 2>&1
t migctl sim fault n 'nvmlGpuInstanceCreateComputeInstance#1=kill'
killed migctl --sim n apply -f $file -c all-1g.10gb
t migctl sim lost n 2
t migctl --sim n recover --finish --json
t migctl --sim n recover --forget
t migctl --sim n recover
t migctl --sim n undo --dry-run
# A restore is begun anew, and needs nothing of what was left of the one before.
t migctl sim lost n 2 --back
t migctl sim reset n
t migctl sim fault n --clear
t migctl sim fault n 'nvmlGpuInstanceCreateComputeInstance#1=kill'
killed migctl --sim n restore
t migctl sim lost n 1
t migctl --sim n restore
t migctl sim lost n 1 --back
migctl --sim n restore >/dev/null 2>&1
t migctl --sim n restore
t migctl --sim n recover
