. tests/golden/session.sh
t migctl sim new v --gpus 2xA100-SXM4-80GB --seed 1
migctl --sim v enable --all >/dev/null 2>&1
migctl --sim v create -i 0 3g.40gb@4 --name prod/llm >/dev/null 2>&1
# A name is not taken from an instance that stays.
t migctl --sim v create -i 1 1g.10gb --name prod/llm
t migctl --sim v create -i 0 1g.10gb --name prod/llm
t migctl --sim v create -i 1 1g.10gb --name prod/llm --dry-run
cat >"$DIR/one.yaml" <<'YAML'
version: migctl/v1
gpus:
  - gpu: 1
    mig-enabled: true
    instances: [{profile: 1g.10gb, name: prod/llm}]
YAML
t migctl --sim v apply -f "$DIR/one.yaml"
t migctl --sim v diff -f "$DIR/one.yaml"
migctl --sim v resolve prod/llm 2>&1 | grep ^place
# A file that says what both shall have moves it, and says so; not from one that is held.
cat >"$DIR/both.yaml" <<'YAML'
version: migctl/v1
gpus:
  - gpu: 0
    mig-enabled: true
    instances: [{profile: 3g.40gb, start: 4}]
  - gpu: 1
    mig-enabled: true
    instances: [{profile: 1g.10gb, start: 0, name: prod/llm}]
YAML
hold v 0/2/0 <<'HELD'
t migctl --sim v apply -f "$DIR/both.yaml"
migctl --sim v resolve prod/llm 2>&1 | grep ^place
HELD
t migctl --sim v diff -f "$DIR/both.yaml"
t migctl --sim v apply -f "$DIR/both.yaml"
migctl --sim v resolve prod/llm 2>&1 | grep ^place
t migctl --sim v undo
migctl --sim v resolve prod/llm 2>&1 | grep ^place
