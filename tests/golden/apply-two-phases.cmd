. tests/golden/session.sh
# A driver that tells profiles only with MIG on: modes are switched first, and all of it is one change.
cat >"$DIR/layout.yaml" <<'END'
version: migctl/v1
gpus:
  - gpu: 0
    mig-enabled: true
    instances:
      - {profile: 3g.40gb, start: 4, name: team-a/llm}
      - {profile: 2g.20gb, start: 0}
  - gpu: 1
    mig-enabled: true
    instances: []
END
t migctl sim new n --gpus 2xA100-SXM4-80GB --seed 1 --driver 525.85.12
t migctl --sim n apply -f "$DIR/layout.yaml"
t migctl --sim n undo
t migctl --sim n undo
t migctl --sim n disable --all --destroy
# As a document: both stages, and the names say which steps of all.
t migctl --sim n apply -f "$DIR/layout.yaml" --json
t migctl --sim n apply -f "$DIR/layout.yaml" --json
t migctl --sim n disable --all --destroy
# One that fails is undone, and is none: what can be undone is still the one before.
t migctl sim fault n 'nvmlDeviceCreateGpuInstanceWithPlacement#2=INSUFFICIENT_RESOURCES'
t migctl --sim n apply -f "$DIR/layout.yaml" --atomic
t migctl --sim n undo --dry-run
# Where each GPU stands for itself, the other one is as it shall be.
t migctl sim fault n 'nvmlDeviceCreateGpuInstanceWithPlacement#2=INSUFFICIENT_RESOURCES'
t migctl --sim n apply -f "$DIR/layout.yaml"
t migctl --sim n undo
# What is told of a GPU whose mode was switched back is what it has in the end.
t migctl --sim n disable --all
t migctl sim fault n --clear
t migctl sim fault n 'nvmlDeviceCreateGpuInstanceWithPlacement#2=INSUFFICIENT_RESOURCES'
t migctl --sim n apply -f "$DIR/layout.yaml" --json
t migctl --sim n status --json | grep '"mig_mode"'
# Modes alone.
t migctl --sim n disable --all
sed -i '/profile:/d; s/instances:$/instances: []/' "$DIR/layout.yaml"
t migctl --sim n apply -f "$DIR/layout.yaml"
t migctl --sim n disable --all
t migctl --sim n apply -f "$DIR/layout.yaml" --json
