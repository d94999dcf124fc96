. tests/golden/session.sh
# Every config of a generated file is accepted, applied and asserted, and the file is the same
# for the same GPUs.
PATH=$BUILD/libexec/migctl/shims:$PATH
for gpus in 1xA100-SXM4-80GB 1xRTX-PRO-6000-Blackwell 1xA30,1xH100-SXM5-80GB,1xA100-SXM4-40GB; do
	t migctl sim new m --gpus $gpus --seed 1
	export MIGCTL_SIM=m
	nvidia-mig-parted generate-config >"$DIR/g.yaml"
	cat "$DIR/g.yaml"
	t nvidia-mig-parted generate-config -f "$DIR/again.yaml"
	t cmp "$DIR/g.yaml" "$DIR/again.yaml"
	nvidia-mig-parted generate-config -o json >"$DIR/g.json" 2>/dev/null
	sed -n 's/^  \([^ ]*\):$/\1/p' "$DIR/g.yaml" | tr -d '"' >"$DIR/labels"
	while read -r label; do
		for file in g.yaml g.json; do
			nvidia-mig-parted assert -a -f "$DIR/$file" -c "$label" ||
				echo "$file $label: not valid"
		done
		nvidia-mig-parted apply -f "$DIR/g.yaml" -c "$label" 2>&1 || echo "$label: status $?"
		echo "$label: $(migctl status --json | grep -c '"ci":') MIG devices"
	done <"$DIR/labels" | sort | uniq -c
	unset MIGCTL_SIM
	migctl sim rm m
done
echo "--- a file, a link to one, and what is no file"
t migctl sim new n --gpus 1xA30 --seed 1
ln -s real.yaml "$DIR/link.yaml"
: >"$DIR/real.yaml"
t migctl --sim n parted generate-config -f "$DIR/link.yaml"
ls -l "$DIR/link.yaml" | sed 's/.* -> /-> /'
grep -c mig-enabled "$DIR/real.yaml"
t migctl --sim n parted generate-config -f /dev/full
t migctl --sim n parted generate-config -f /no/such/folder/file
migctl --sim n parted generate-config -f /dev/stdout | head -n 3
t migctl sim new none --gpus 1xT4
