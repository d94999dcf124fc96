# A migctl that finds the simulator behind libnvidia-ml.so.1.
. tests/golden/session.sh
needs_no_driver
t migctl sim new n --gpus 1xA30 --seed 1
t migctl sim new other --gpus 1xA30 --seed 2
t migctl sim exec n -- migctl enable
t migctl sim exec n -- migctl status
t migctl sim exec n -- migctl --sim other status
t migctl sim exec n -- migctl --hardware status
t migctl sim exec n -- migctl --hardware disable
# The simulator with no machine named has no driver.
t migctl sim exec n -- env -u MIGCTL_SIM migctl status
t migctl sim exec n -- env -u MIGCTL_SIM migctl disable
t migctl sim exec n -- env MIGCTL_SIM=nowhere migctl disable
