. tests/golden/session.sh
t migctl sim new n --gpus 2xA100-SXM4-80GB --seed 1
t migctl --sim n smi -L
t migctl --sim n smi -mig 1 -i 0
t migctl --sim n smi mig -cgi 9:0,14,19 -C
t migctl --sim n smi mig -cgi 9
t migctl --sim n smi -L
# Its options belong to it; those of everybody stand before it.
t migctl smi --sim n -L
t migctl --json --sim n smi --query-gpu=index,mig.mode.current --format=csv,noheader
# What is not answered is named, and ends with nvidia-smi's status.
t migctl --sim n smi --query-gpu=index,clocks.sm --format=csv
t migctl --sim n smi -q
t migctl --sim n smi topo -m
t migctl --sim n smi -pm 1
t migctl --sim n smi --gpu-reset
t migctl --sim n smi -h
t sh -c "migctl smi --help | head -n 1"
t migctl --sim n smi mig
t migctl --sim n smi mig -lgi -l 5
t migctl --sim n smi --format 600 -L
t migctl --sim n smi --format -L
# A machine is chosen as for every other verb.
t migctl --sim n --hardware smi -mig 0
t migctl --sim absent smi -L
# Called by nvidia-smi's name it is this verb.
ln -s "$(command -v migctl)" "$DIR/nvidia-smi"
t env MIGCTL_SIM=n "$DIR/nvidia-smi" -L
t env MIGCTL_SIM=n "$DIR/nvidia-smi" mig -lgi
t env MIGCTL_SIM=n "$DIR/nvidia-smi" --sim n -L
