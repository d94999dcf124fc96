. tests/golden/session.sh
# A lost GPU, and a layout file: mig-parted knows neither.
f=examples/partitions.yaml
t migctl sim new n --gpus 2xH100-SXM5-80GB --seed 1
t migctl --sim n apply -f $f -c all-balanced
migctl --sim n parted checkpoint -f "$DIR/checkpoint" >"$DIR/out"
t migctl sim lost n 1
t migctl --sim n parted apply -f $f -c all-disabled
t migctl --sim n parted assert -f $f -c all-balanced
t migctl --sim n parted export
t migctl --sim n parted checkpoint -f "$DIR/again"
t ls "$DIR/again"
t migctl --sim n parted restore -f "$DIR/checkpoint"
t migctl --sim n assert -f $f -c all-balanced
printf 'version: migctl/v1\ngpus:\n- {gpu: 0, mig-enabled: false}\n' >"$DIR/layout.yaml"
t migctl --sim n parted apply -f "$DIR/layout.yaml"
