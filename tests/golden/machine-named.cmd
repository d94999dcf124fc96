# Hardware unless a simulated machine is named, and never one for the other.
. tests/golden/session.sh
needs_no_driver
# Nothing is named: hardware, with no falling back, and how to simulate.
t migctl status
t migctl --hardware status
t migctl enable 0
t migctl create 1g.10gb
t migctl sim list
# A name must exist; a SPEC makes its machine, once.
t migctl --sim n status
t migctl --sim n enable
t migctl --sim ../n status
t migctl --sim '' status
t migctl --sim 1xA31 status
t migctl --sim 1xA30,1xA100-SXM4-40GB@mirrored status
t migctl --sim 1xA30 enable
t migctl --sim 1xA30 enable
t migctl sim list
t migctl --sim 1xA30 --hardware status
# The variable is second to the options; empty, it names nothing.
t env MIGCTL_SIM=1xA30 migctl enable
t env MIGCTL_SIM=nowhere migctl status
t env MIGCTL_SIM=nowhere migctl --sim 1xA30 enable
t env MIGCTL_SIM=1xA30 migctl --hardware enable
t env MIGCTL_SIM= migctl enable 0
# A type of the catalog needs no machine.
t migctl fit --gpu-type A30 4g.24gb
t migctl fit 4g.24gb
# The same for a program of somebody else's.
t lifecycle 0 devices
