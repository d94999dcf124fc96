. tests/golden/session.sh
# Seven small models on seven GPUs, or on one.
printf 'version: migctl/v1\nmodels:\n  - {name: small, memory: 6GiB, replicas: 7}\n' >"$DIR/m.yaml"
t migctl cost "$DIR/m.yaml" --gpu-type A100-SXM4-80GB --price A100-SXM4-80GB=3
t migctl cost "$DIR/m.yaml" --gpu-type A100-SXM4-80GB
t migctl cost "$DIR/m.yaml" --gpu-type A30
migctl plan "$DIR/m.yaml" --gpu-type A100-SXM4-80GB --price A100-SXM4-80GB=3 --json >"$DIR/plan.json"
t migctl cost "$DIR/plan.json"
t migctl cost "$DIR/plan.json" --json
t migctl cost "$DIR/plan.json" --price A100-SXM4-80GB=4
sed -e 's/"count": 1/"count": -1/' "$DIR/plan.json" >"$DIR/wrong.json"
t migctl cost "$DIR/wrong.json"
t migctl cost "$DIR/none.json"
