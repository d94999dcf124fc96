. tests/golden/session.sh
t migctl sim new n --gpus 1xA100-SXM4-80GB,1xH100-SXM5-80GB --seed 1 --strict
t migctl --sim n enable --all
t migctl --sim n create -i 0 3g.40gb 2x1g.10gb
t migctl --sim n create -i 1 3x1c.3g.40gb
as_nobody migctl --sim n status
as_nobody migctl --sim n status 0 --json
as_nobody migctl --sim n profiles
as_nobody migctl --sim n fit 1g.10gb
as_nobody migctl --sim n fit --empty 1g.10gb
as_nobody migctl --sim n export
as_nobody migctl --sim n assert -f examples/partitions.yaml -c all-balanced
as_nobody migctl --sim n diff -f examples/partitions.yaml -c all-balanced
as_nobody migctl --sim n apply -f examples/partitions.yaml -c all-balanced
as_nobody migctl --sim n create -i 0 1g.10gb
as_nobody migctl --sim n destroy 0/2
as_nobody migctl --sim n destroy --all
as_nobody migctl --sim n enable 0
as_nobody migctl --sim n disable 0 --destroy
as_nobody migctl sim reset n
as_nobody migctl sim reboot n
as_nobody migctl sim rm n
as_nobody migctl sim new other --gpus 1xA30
as_nobody migctl sim list
# A machine of root's that is not strict is still root's.
t migctl sim new lax --gpus 1xA30 --seed 1
as_nobody migctl --sim lax enable
t migctl --sim lax enable
as_nobody migctl --sim lax create 1g.6gb
# Nobody is made to wait by a file that is no file.
mkdir "$DIR/sim/pipe" && mkfifo -m 444 "$DIR/sim/pipe/image"
as_nobody timeout 10 migctl --sim pipe status
rm -r "$DIR/sim/pipe"
# A folder that is closed to one is not an empty one.
chmod go-x "$DIR/sim"
as_nobody_now() { t $nobody "$@" | sed "s/^\\\$ $nobody /\$ /"; }
as_nobody_now migctl --sim n status
chmod go-r "$DIR/sim"
as_nobody_now migctl sim list
