. tests/golden/session.sh
t migctl sim new n --gpus 1xA100-SXM4-80GB,1xH100-SXM5-80GB --seed 1
t migctl --sim n enable
t migctl --sim n enable 0 --dry-run
t migctl --sim n enable 0
t migctl --sim n enable 0
t migctl --sim n enable --all
t migctl --sim n enable --all --json
t migctl --sim n create -i 0 3g.40gb
t migctl --sim n disable 0
t migctl --sim n disable --all
t migctl --sim n disable 0 --json
t migctl --sim n disable 0 --destroy --dry-run
t migctl --sim n disable 0 --destroy
t migctl --sim n enable 2
t migctl --sim n disable GPU-00000000-0000-0000-0000-000000000000
t migctl --sim n enable 0/1
# The mode survives a reboot on Ampere only.
t migctl --sim n enable --all
t migctl sim reboot n
t migctl --sim n status
