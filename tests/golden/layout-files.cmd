# What a layout file cannot say is refused with its line, before the machine is touched.
. tests/golden/session.sh
# f CONTENT: apply it as a layout file; i INSTANCES: of GPU 0.
f() {
	echo "---"
	printf 'version: migctl/v1\n%s\n' "$1" | tee "$DIR/f.yaml"
	echo "---"
	t migctl --sim n apply -f "$DIR/f.yaml"
}
i() {
	f "gpus:
  - gpu: 0
    mig-enabled: true
    instances:
$1"
}
t migctl sim new n --gpus 1xA100-SXM4-80GB,1xA30 --seed 1
f ''
f 'gpus: []'
f 'models: []'
f 'gpus:
  - {gpu: 0, mig-enabled: true}'
f 'gpus:
  - {gpu: 0, mig-enabled: false, instance: []}'
f 'gpus:
  - {gpu: 7, mig-enabled: false}'
f 'gpus:
  - {gpu: GPU-00510000-0000-0000-0000-000000000000, mig-enabled: false}'
f 'gpus:
  - {gpu: 1, gpu-type: A100-SXM4-80GB, mig-enabled: false}'
f 'gpus:
  - {gpus: all, mig-enabled: false}
  - {gpu: 0, mig-enabled: false}'
f 'gpus:
  - gpus: all
    mig-enabled: true
    instances:
      - {profile: 1g.10gb, name: llm}'
i '      - {profile: 1c.3g.40gb}'
i '      - {profile: 3g.40gb, start: 1}'
i '      - {profile: 3g.40gb, start: 0}
      - {profile: 1g.10gb, start: 4}
      - {profile: 4g.40gb}'
i '      - {profile: 1g.6gb}'
i '      - {profile: 3g.40gb, name: llm}
      - {profile: 3g.40gb, name: llm}'
i '      - {profile: 3g.40gb, name: llm, count: 2}'
i '      - profile: 3g.40gb
        compute-instances:
          - {profile: 2c.3g.40gb, start: 0}
          - {profile: 1c.3g.40gb, start: 1}'
# It is for another machine.
f 'machine: {kind: hardware, name: n}
gpus:
  - {gpu: 0, mig-enabled: true, instances: [{profile: 1g.10gb, start: 6}]}'
t migctl --sim n diff -f "$DIR/f.yaml"
t migctl --sim n apply -f "$DIR/f.yaml" --any-machine --dry-run
t migctl --sim n assert -f "$DIR/f.yaml" --any-machine
# What has no meaning together.
t migctl --sim n apply -f "$DIR/f.yaml" -c all
t migctl --sim n export --layout -c all
f 'gpus:
  - {gpus: all, gpu-type: H100-SXM5-80GB, mig-enabled: true, instances: []}'
# Nothing was done by any of them.
t migctl --sim n status
