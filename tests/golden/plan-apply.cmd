# Models files at random, from a fixed seed: every plan is what apply makes of its layout file on
# a simulated node, and assert finds it there.
. tests/golden/session.sh
plans=0 gpus=0
for seed in 1 2 3 4 5 6 7 8 9 10 11 12; do
	type=A100-SXM4-80GB first=1g.10gb second=3g.40gb
	[ $((seed % 4)) -ne 0 ] || type=H100-SXM5-80GB
	[ $((seed % 3)) -ne 0 ] || type=A30 first=1g.6gb second=2g.12gb
	awk -v seed=$seed -v first=$first -v second=$second 'BEGIN {
		srand(seed)
		print "version: migctl/v1\nmodels:"
		n = 1 + int(rand() * 5)
		for (i = 0; i < n; i++) {
			kind = int(rand() * 3)
			printf "  - {name: m%d, ", i
			if (kind == 0)
				printf "memory: %dMiB, replicas: %d}\n", 500 + rand() * 20000, 1 + rand() * 6
			else if (kind == 1)
				printf "profile: %s, replicas: %d}\n", rand() < .5 ? first : second, 1 + rand() * 4
			else
				printf "throughput: {%s: %d.5, %s: %d}, needs: {throughput: %d}}\n",
					first, 10 + rand() * 20, second, 40 + rand() * 40, 30 + rand() * 300
		}
	}' >"$DIR/m.yaml"
	migctl plan "$DIR/m.yaml" --gpu-type $type --layout "$DIR/l.yaml" --json >"$DIR/plan.json" 2>/dev/null ||
		{ echo "seed $seed: no plan"; migctl plan "$DIR/m.yaml" --gpu-type $type; cat "$DIR/m.yaml"; continue; }
	n=$(sed -n 's/^  "n_gpus": \([0-9]*\),$/\1/p' "$DIR/plan.json")
	migctl sim new "s$seed" --gpus "${n}x$type" --seed $seed >/dev/null 2>&1 &&
		migctl --sim "s$seed" apply -f "$DIR/l.yaml" >"$DIR/applied" 2>&1 &&
		migctl --sim "s$seed" assert -f "$DIR/l.yaml" >"$DIR/asserted" 2>&1 ||
		{ echo "seed $seed: not as planned"; cat "$DIR/m.yaml" "$DIR/applied" "$DIR/asserted"; }
	plans=$((plans + 1)) gpus=$((gpus + n))
done
echo "$plans plans, carried out"
[ $gpus -gt $plans ] && echo "some of them on more than one GPU"
