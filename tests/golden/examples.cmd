# The lifecycle program of examples/, on the public API, against a simulated machine.
. tests/golden/session.sh
if [ "$(wc -l <examples/lifecycle.c)" -lt 120 ]; then echo "fewer than 120 lines"; fi
t migctl sim new n --gpus 2xA100-SXM4-80GB --seed 1
m() { t migctl sim exec n -- lifecycle "$@"; }
m 0 enable
m 0 profiles
m 0 create 9 2x1g.10gb
m 0 devices
# GPU instances that have no compute instance get one.
t migctl --sim n create -i 0 --no-ci 2g.20gb
m 0 fill
m 0 devices
# What fails, and how it is told.
m 0 create 4g.40gb
m 0 create 3g.41gb
m 1 create 9
m 2 devices
m 0 frob
m
m 0 create 19 19 19 19 19 19 19 19
t migctl sim tenant n --device 0/2/0 -- migctl sim exec n -- lifecycle 0 destroy
t migctl sim tenant n --device 0/2/0 -- migctl sim exec n -- lifecycle 0 disable
m 0 devices
m 0 destroy
m 0 devices
m 0 create 0
m 0 disable
t migctl --sim n status
# The layout file of examples/, on the machine that it is written for.
t migctl sim new two --gpus 2xA100-SXM4-80GB --seed 1
t migctl --sim two apply -f examples/layout.yaml
t migctl --sim two assert -f examples/layout.yaml
