. tests/golden/session.sh
t migctl sim new n --gpus 8xA100-SXM4-80GB --seed 1
t migctl --sim n enable --all
for i in 0 1 2 3 4 5 6 7; do
	migctl --sim n create -i $i 7x1g.10gb >/dev/null 2>&1
done
t migctl --sim n status
echo "$(migctl --sim n status | wc -l) lines, the widest has $(migctl --sim n status | wc -L) columns"
echo "$(migctl --sim n status --long | grep -c MIG-) devices with --long"
