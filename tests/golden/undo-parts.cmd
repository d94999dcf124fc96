. tests/golden/session.sh
# A command that makes several changes one after another is undone as the one command that it was.
t migctl sim new n --gpus 2xA100-SXM4-80GB --seed 1
t migctl --sim n enable --all
t migctl --sim n undo
t migctl --sim n undo
t migctl --sim n smi mig -i 0,1 -cgi 9,14 -C
t migctl --sim n disable --all --destroy
t migctl --sim n undo
t migctl --sim n smi mig -dci -i 0
t migctl --sim n undo
# Of one that fails half-way, what stays is undone.
t migctl sim fault n 'nvmlDeviceCreateGpuInstanceWithPlacement#2=INSUFFICIENT_RESOURCES'
t migctl --sim n smi mig -i 0 -cgi 19,19
t migctl --sim n undo
