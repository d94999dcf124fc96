. tests/golden/session.sh
t migctl sim list
t migctl sim list --json
t migctl sim new n --gpus 2xA100-SXM4-80GB@mirrored,1xH100-SXM5-80GB --seed 1 --driver 535.161.08
t migctl sim new strict --gpus 1xA30 --strict --json
t migctl sim new guess --gpus 1xB300-269GB --assume --seed 1
t migctl sim list
t migctl --sim guess status
t migctl --sim guess profiles
# What is asked for in vain.
t migctl sim new n --gpus 1xA30
t migctl sim new x --gpus 1xA31
t migctl sim new x --gpus 0xA30
t migctl sim new x --gpus 33xA30
t migctl sim new x --gpus A30,
t migctl sim new x --gpus 1xA30@upside-down
t migctl sim new ../x --gpus 1xA30
t migctl sim new x --gpus 1xA30 --driver 440.33
t migctl sim new x --gpus 1xA30 --driver new
t migctl sim new x --gpus 1xA30 --seed -1
t migctl sim new x --gpus 1xA30 --settle 60001
t migctl sim new x --gpus 1xGB300-278GB
t migctl sim new x --gpus 1xGB300-278GB --assume
t migctl sim new x --gpus 1xA100-SXM-64GB
MIGCTL_SIM_DIR=/dev/null/x t migctl sim new x --gpus 1xA30
t migctl sim rm x
t migctl sim reset x
t migctl sim reset n 3
t migctl sim reset n one
t migctl sim reboot x
# Reset and reboot take the instances.
t migctl --sim n enable 0 1
t migctl --sim n create -i 0 7g.80gb
t migctl --sim n create -i 1 7g.80gb
t migctl sim reset n 0
t migctl sim list
t migctl sim reset n
t migctl sim reboot n
t migctl sim list
t migctl sim rm guess
t migctl sim rm n
t migctl sim list
