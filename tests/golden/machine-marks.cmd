# A simulated result says so, wherever it is read.
. tests/golden/session.sh
file=examples/partitions.yaml
t migctl sim new n --gpus 1xA30 --seed 1
echo "--- the first line on stderr of every verb that changes something"
first() {
	"$@" >"$DIR/printed" 2>"$DIR/err"
	printf '%-28s%s\n' "$4 $5" "$(head -n 1 "$DIR/err")"
}
first migctl --sim n enable 0
first migctl --sim n create 1g.6gb
first migctl --sim n create 7g.80gb
first migctl --sim n apply -f $file -c all-balanced
first migctl --sim n apply -f $file -c all-balanced --dry-run
first migctl --sim n destroy 0/9/9
first migctl --sim n destroy --all
first migctl --sim n disable 0
first migctl --sim n disable 7
echo "--- the first line of every listing"
for verb in status profiles layouts "fit 1g.6gb" "diff -f $file -c all-balanced" \
	"assert -f $file -c all-balanced" export; do
	# shellcheck disable=SC2086 # words
	printf '%-12s%s\n' "${verb%% *}" "$(migctl --sim n $verb 2>/dev/null | head -n 1)"
done
echo "--- how every JSON document begins"
for verb in status profiles layouts "fit 1g.6gb" "diff -f $file -c all-balanced" \
	"assert -f $file -c all-balanced" export "enable 0" "create 1g.6gb" "destroy --all" \
	"apply -f $file -c all-balanced"; do
	# shellcheck disable=SC2086
	migctl --sim n $verb --json 2>/dev/null | head -n 5 | tr -s ' \n' ' '
	echo
done
echo "--- what unmodified programs show"
migctl --sim n status --json | grep -o '"GPU-00510000-\|"serial": "SIM'
