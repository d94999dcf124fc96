. tests/golden/session.sh
# f CONTENT: apply it as a file.
f() {
	echo "---"
	printf '%s\n' "$1" | tee "$DIR/f.yaml"
	echo "---"
	t migctl --sim n apply -f "$DIR/f.yaml"
}
head='version: v1
mig-configs:
  a:'
t migctl sim new n --gpus 1xA100-SXM4-80GB,1xH100-SXM5-80GB --seed 1
f 'version: v2
mig-configs: {}'
f 'version: v1'
f "$head
  - devices: all
    mig-enabled: maybe"
f "$head
  - devices: all
    mig-enabled: true
    mig-device: {}"
f "$head
  - devices: all
	mig-enabled: true"
f "$head
  - devices: all
    mig-enabled: false
    mig-devices: {1g.10gb: 1}"
f "$head
  - devices: [7]
    mig-enabled: true"
f "$head
  - devices: [0]
    mig-enabled: true
    mig-devices:
      1g.10gb: 8"
f "$head
  - devices: [0]
    mig-enabled: true
    mig-devices:
      1g.10gb: 1
      3g.33gb: 1"
f "$head
  - devices: [0]
    mig-enabled: true
    mig-devices:
      4g.40gb: 1
      3g.40gb: 1
      1g.10gb: 1"
f "$head
  - devices: [0]
    mig-enabled: true
  - devices: all
    mig-enabled: false"
f ''
t migctl --sim n apply -f "$DIR/nowhere.yaml"
t migctl --sim n apply -f "$DIR"
t migctl --sim n apply -f examples/partitions.yaml
t migctl --sim n apply -f examples/partitions.yaml -c nothing
head -c 2000000 /dev/zero >"$DIR/big.yaml"
t migctl --sim n apply -f "$DIR/big.yaml"
t migctl --sim n diff -f "$DIR/f.yaml"
t migctl --sim n assert -f "$DIR/f.yaml"
# Nothing was done by any of them.
t migctl --sim n status
