. tests/golden/session.sh
# Modes that wait, holders, and what is put back: where mig-parted would have destroyed all.
p="migctl --sim n parted"
f=examples/partitions.yaml
t migctl sim new n --gpus 1xA100-SXM4-80GB,1xH100-SXM5-80GB --seed 1
echo "--- an A100 that is held cannot be switched: nothing is, and nothing stays pending"
hold n 0 <<'T'
t migctl --sim n parted apply -f examples/partitions.yaml -c all-smallest
migctl --sim n status | grep GPU
echo "--- with --skip-reset it waits for one"
t migctl --sim n parted apply -s -m -f examples/partitions.yaml -c all-enabled
migctl --sim n status | grep GPU
t migctl --sim n parted assert -m -f examples/partitions.yaml -c all-enabled
t migctl --sim n parted apply -s -f examples/partitions.yaml -c all-smallest
t migctl --sim n parted apply -m -f examples/partitions.yaml -c all-enabled
migctl --sim n status | grep GPU
T
echo "--- and gets it, alone: the other GPU is not reset"
t migctl --sim n create -i 1 3g.40gb@4
hold n 1/2/0 <<'T'
t migctl --sim n parted apply -d -m -f examples/partitions.yaml -c all-enabled
T
migctl --sim n status | grep GPU
t $p apply -f $f -c all-balanced
echo "--- an instance that is held and wanted stays; one that is held and not wanted keeps all"
hold n 1/2/0 <<'T'
migctl --sim n status --json >"$DIR/before"
t migctl --sim n parted apply -f examples/partitions.yaml -c all-balanced
t migctl --sim n parted apply -f examples/partitions.yaml -c all-disabled
t migctl --sim n parted apply -m -f examples/partitions.yaml -c all-disabled
t migctl --sim n parted apply -f examples/partitions.yaml -c all-smallest
t migctl --sim n parted apply -f examples/partitions.yaml -c all-smallest --drain-timeout 1
migctl --sim n status --json >"$DIR/after"
t cmp "$DIR/before" "$DIR/after"
T
echo "--- mode-only keeps the instances of a GPU whose mode stays"
cat >"$DIR/modes.yaml" <<'F'
version: v1
mig-configs:
  modes:
  - {devices: [0], mig-enabled: true, mig-devices: {}}
  - {devices: [1], mig-enabled: false}
F
t $p apply -m -f "$DIR/modes.yaml"
t $p export
echo "--- off on one GPU, a failure on the other: all is put back where it was"
cat >"$DIR/both.yaml" <<'F'
version: v1
mig-configs:
  both:
  - {devices: [0], mig-enabled: false}
  - {devices: [1], mig-enabled: true, mig-devices: {7g.80gb: 1}}
F
migctl --sim n status --json >"$DIR/before"
t migctl sim fault n nvmlDeviceCreateGpuInstanceWithPlacement#1=INSUFFICIENT_RESOURCES
t $p apply -f "$DIR/both.yaml"
migctl sim fault n --clear
migctl --sim n status --json >"$DIR/after"
t cmp "$DIR/before" "$DIR/after"
t $p apply -f "$DIR/both.yaml"
t $p export
