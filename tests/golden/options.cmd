. tests/golden/session.sh
t migctl --jsno status
t migctl status --lnog
t migctl status -z
t migctl status --json=yes
t migctl status --sim
t migctl fit --gpu-typ=A30 1g.6gb
t migctl fit --gpu-type A30
t migctl status 0 1
t migctl apply partitions.yaml
t migctl apply
t migctl sim exec n nvidia-smi -L
t migctl sim exec n
t migctl sim new
t migctl sim new n
t migctl sim rm
t migctl layouts extra
# Options may stand behind operands, and "--" ends them.
t migctl fit 2x1g.6gb --gpu-type A30
t migctl --json fit --gpu-type=A30 -- 4g.24gb
t migctl profiles --gpu-type A30 --gpu 0
