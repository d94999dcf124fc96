. tests/golden/session.sh
# In a virtual machine that a GPU is passed through to, nobody but the host can reset it: a mode that a
# reboot took away is not switched unasked, of Hopper neither. What needs no switch comes back.
t migctl sim new vm --gpus 2xH100-SXM5-80GB --seed 1
t migctl --sim vm enable --all
t migctl --sim vm create -i 0 3g.40gb@4 --name llm
t migctl --sim vm create -i 1 1g.10gb@0
t migctl sim reboot vm
t migctl sim fault vm nvmlDeviceGetVirtualizationMode@mode=1
t migctl --sim vm restore --dry-run
t migctl --sim vm restore
t migctl --sim vm restore --json
t migctl --sim vm status
t migctl --sim vm enable 1
t migctl --sim vm restore
t migctl --sim vm enable 0
t migctl --sim vm restore
t migctl --sim vm restore
