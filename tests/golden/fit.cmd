. tests/golden/session.sh
t migctl fit --gpu-type A100-SXM4-80GB 3g.40gb 2x2g.20gb
t migctl fit --gpu-type A100-SXM4-80GB 3g.40gb@4 19 19
t migctl fit --gpu-type A100-SXM4-80GB 3x1c.3g.40gb 1c.2g.20gb
t migctl fit --gpu-type A100-SXM4-80GB 3x1c.3g.40gb 3g.40gb@0 --json
t migctl fit --gpu-type RTX-PRO-6000-Blackwell 2g.48gb 2x1g.24gb+gfx
# What does not fit: what stands in the way, and what would.
t migctl fit --gpu-type A100-SXM4-80GB 4g.40gb 2x2g.20gb
t migctl fit --gpu-type A100-SXM4-80GB 2x4g.40gb
t migctl fit --gpu-type A100-SXM4-80GB 1g.10gb+me 7g.80gb
t migctl fit --gpu-type H100-SXM5-80GB 2x1g.10gb+me
t migctl fit --gpu-type RTX-PRO-6000-Blackwell 1g.24gb+me.all 1g.24gb
t migctl fit --gpu-type A100-SXM4-80GB 3g.40gb@2
# What is no profile at all.
t migctl fit --gpu-type A100-SXM4-80GB 3g.80gb
t migctl fit --gpu-type A100-SXM4-80GB 0x3g.40gb
t migctl fit --gpu-type A100-SXM4-80GB 3g.40gb@x
t migctl fit --gpu-type A100-SXM4-80GB ''
# Beside what stands on a GPU.
t migctl sim new n --gpus 2xA100-SXM4-80GB --seed 1
t migctl --sim n enable --all
t migctl --sim n create -i 0 1g.10gb@0 1g.10gb@1 3g.40gb
t migctl --sim n create -i 1 7x1g.10gb
t migctl --sim n fit 2g.20gb
t migctl --sim n fit 4g.40gb
t migctl --sim n fit --empty 4g.40gb
t migctl --sim n fit -i 1 1g.10gb
t migctl --sim n fit -i 1 7g.80gb
