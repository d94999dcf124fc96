. tests/golden/session.sh
migctl sim new n --gpus 2xA100-SXM4-80GB --seed 1 >/dev/null 2>&1
migctl --sim n enable 0 >/dev/null 2>&1
t migctl sim fault n
t migctl sim fault n 'nvmlGpuInstanceCreateComputeInstance#1=INSUFFICIENT_RESOURCES'
t migctl sim fault n 'nvmlDeviceSetMigMode@activation=IN_USE' nvmlGpuInstanceDestroy#3..=kill:after
t migctl --sim n create -i 0 3g.40gb
t migctl --sim n enable 1
t migctl sim fault n --list
t migctl sim fault n --list --json
t migctl sim list
t migctl sim fault n --clear nvmlDeviceSetMigMode
t migctl sim fault n --clear
t migctl sim fault n
# A GPU that is lost.
t migctl sim lost n 1
t migctl --sim n create -i 1 3g.40gb
t migctl sim list
t migctl sim tenant n --device 1 -- true
t migctl sim lost n 1 --back
t migctl sim settle n 10
t migctl sim latency n
t migctl sim list
t migctl sim latency n none
# Refusals change nothing.
t migctl sim fault n nvmlDeviceSetMigMood=IN_USE
t migctl sim fault n '=IN_USE'
t migctl sim fault n --list --clear
t migctl sim fault n nvmlDeviceSetMigMode=IN_USE nvmlDeviceSetMigMode=BUSY
t migctl sim fault n nvmlDeviceSetMigMode
t migctl sim fault n nvmlDeviceSetMigMode#0=IN_USE
t migctl sim fault n nvmlDeviceGetMigMode=kill:after
t migctl sim fault n nvmlDeviceGetMigMode=hang:2h
t migctl sim fault n nvmlDeviceGetMigMode@mode=1
t migctl sim fault nobody nvmlDeviceGetMigMode=IN_USE
t migctl sim fault n
t migctl sim lost n 2
t migctl sim settle n 60001
printf 'nvmlDeviceGetMigMode 2s\nnvmlDeviceGetMigMode 2 s\n' >"$DIR/slow"
t migctl sim latency n "$DIR/slow"
t migctl sim latency n "$DIR/absent"
# All of them are set or none: there is room for 32.
# shellcheck disable=SC2046 # words
t migctl sim fault n $(seq -f 'nvmlDeviceGetName#%g=IN_USE' 31)
t migctl sim fault n nvmlDeviceGetUUID=IN_USE nvmlDeviceGetIndex=IN_USE
t migctl sim fault n --clear
