. tests/golden/session.sh
# file NAME DEVICES: a partition file for all GPUs.
file() {
	printf 'version: v1\nmig-configs:\n  c:\n  - devices: all\n    mig-enabled: true\n    mig-devices: {%s}\n' \
		"$2" >"$DIR/$1.yaml"
	echo "--- $1.yaml: $2"
}
file move '4g.40gb: 1, 2g.20gb: 1, 1g.10gb: 1'
file room '4g.40gb: 1, 2g.20gb: 1'
file media '4g.40gb: 1, 1g.10gb+me: 1'
file small '1g.10gb: 1, 3g.40gb: 1'
file pairs '2g.20gb: 3'
file whole '7g.80gb: 1'
file sevenths '1g.10gb: 7'
file inside '1g.10gb: 3, 2g.20gb: 1'
t migctl sim new n --gpus 1xA100-SXM4-80GB --seed 1
t migctl --sim n enable
t migctl --sim n create 2g.20gb@2 1g.10gb@0,6
# 4g.40gb needs the lower half: what is wanted of it comes above, before it goes below.
t migctl --sim n diff -f "$DIR/move.yaml"
t migctl --sim n apply -f "$DIR/move.yaml"
t migctl --sim n destroy --all
# 2g.20gb has room above once 3g.40gb, which nobody wants any more, is gone.
t migctl --sim n create 2g.20gb@0 3g.40gb@4
t migctl --sim n diff -f "$DIR/room.yaml"
# There is one 1g.10gb+me at a time: it is away until it is made again.
t migctl --sim n destroy --all
t migctl --sim n create 1g.10gb+me@0
t migctl --sim n diff -f "$DIR/media.yaml"
t migctl --sim n destroy --all
t migctl --sim n create 3x1g.10gb@0,4,6 2x1c.2g.20gb@2
hold n 0/13/0 <<'EOF'
# Of three that are alike the one that is held stays.
t migctl --sim n diff -f "$DIR/small.yaml"
t migctl --sim n diff -f "$DIR/pairs.yaml"
t migctl --sim n apply -f "$DIR/pairs.yaml"
t migctl --sim n diff -f "$DIR/whole.yaml" --json
t migctl --sim n apply -f "$DIR/whole.yaml"
EOF
hold n 0/4/1 <<'EOF'
t migctl --sim n apply -f "$DIR/sevenths.yaml"
# Its words are those of fit and create.
t migctl fit --gpu-type A100-SXM4-80GB 1c.2g.20gb@2 5x1g.10gb@0,1,4,5,6
EOF
# Inside a GPU instance that stays, compute instances change alone.
t migctl --sim n diff -f "$DIR/inside.yaml"
