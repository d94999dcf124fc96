. tests/golden/session.sh
t migctl layouts --gpu-type A30 --pictures
t migctl layouts --gpu-type A30 --all
t migctl layouts --gpu-type A30 --every-profile
t migctl layouts --gpu-type A100-SXM4-80GB
t migctl layouts --gpu-type A30 --json
