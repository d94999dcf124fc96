. tests/golden/session.sh
t migctl profiles --gpu-type A100-SXM4-81GB
