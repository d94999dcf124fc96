. tests/golden/session.sh
t migctl profiles --list-types
t migctl profiles --gpu-type A100-SXM4-80GB
t migctl profiles --gpu-type rtx-pro-6000-blackwell
t migctl profiles --gpu-type A100-SXM4-80GB --ci
t migctl profiles --gpu-type A30 --json
t migctl profiles --gpu-type GB300-278GB
t migctl profiles --gpu-type A100-SXM-64GB
t migctl profiles --gpu-type A100
t migctl sim new n --gpus 2xA100-SXM4-40GB --seed 1
t migctl --sim n enable 0
t migctl --sim n create -i 0 3g.20gb
t migctl --sim n profiles
t migctl --sim n profiles --gpu 1
t migctl --sim n profiles --gpu 2
t migctl --sim n profiles --gpu 0/2
# A file of the user's own, and what is wrong with it.
mkdir "$DIR/gpu"
sed 's/^gpu-type: .*/gpu-type: OURS/' data/gpu/A30.yaml >"$DIR/gpu/ours.yaml"
t migctl --catalog "$DIR/gpu" profiles --gpu-type OURS
sed -i 's/^placement-units: .*/placement-units: {value: 99, source: guide}/' "$DIR/gpu/ours.yaml"
t migctl --catalog "$DIR/gpu" profiles --gpu-type OURS
t migctl --catalog "$DIR/nowhere" profiles --gpu-type A30
