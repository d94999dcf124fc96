. tests/golden/session.sh
t migctl plan examples/models.yaml --gpu-type A100-SXM4-80GB --objective gpus,headroom
t migctl cost examples/models.yaml --gpu-type A100-SXM4-80GB --objective gpus,headroom
# The document is whole, and the picture says what it is, in light and dark, with names on it.
printf 'version: migctl/v1\nmodels:\n  - {name: chat, memory: 30GiB}\n' >"$DIR/m.yaml"
t migctl plan "$DIR/m.yaml" --gpu-type A30,A100-SXM4-80GB --price A30=0.50 --json
t migctl plan "$DIR/m.yaml" --gpu-type A100-SXM4-80GB --svg "$DIR/plan.svg"
t grep -c -e prefers-color-scheme -e '<title>migctl plan: GPUs of the catalog, predicted' "$DIR/plan.svg"
t grep -n -e '>chat<' -e '>3g.40gb<' "$DIR/plan.svg"
t migctl sim new n --gpus 1xA100-SXM4-80GB --seed 1
t migctl --sim n plan "$DIR/m.yaml" --from-current --svg "$DIR/plan.svg"
t grep -c 'SIMULATED n' "$DIR/plan.svg"
