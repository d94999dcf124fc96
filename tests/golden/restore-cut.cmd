. tests/golden/session.sh
gi=nvmlDeviceCreateGpuInstanceWithPlacement
killed() { sh -c '"$@"; exit' sh "$@" >/dev/null 2>&1; echo "killed: status $?"; }
t migctl sim new n --gpus 1xA100-SXM4-80GB --seed 1
migctl --sim n enable 0 >/dev/null 2>&1
migctl --sim n create 3g.40gb --name team-a/llm >/dev/null 2>&1
migctl --sim n create 2g.20gb >/dev/null 2>&1
t migctl sim reboot n
# A restore that fails, or is killed and taken back, leaves on record what is wanted.
t migctl sim fault n "$gi#2=INSUFFICIENT_RESOURCES"
t migctl --sim n restore
t migctl sim fault n "$gi#2=kill"
killed migctl --sim n restore
t migctl --sim n create 1g.10gb
t migctl --sim n recover
# It ends an earlier one of its own: at boot there may be nobody to do that.
t migctl sim fault n "$gi#2=kill"
killed migctl --sim n restore
t migctl --sim n restore --dry-run
t migctl --sim n restore
t migctl --sim n undo --dry-run
