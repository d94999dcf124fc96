. tests/golden/session.sh
t migctl sim new n --gpus 2xA100-SXM4-80GB --seed 1
t migctl --sim n enable --all
t migctl --sim n create -i 0 3g.40gb 1g.10gb
# Who runs the tests may be root or not.
anybody() { sed -e 's/this user may read the capability config/root/' -e 's/this user sees everything/root/'; }
t migctl --sim n doctor | anybody
t migctl --sim n doctor --json | anybody
t migctl --sim nobody doctor
t migctl --sim n doctor 0
t migctl --sim n doctor --root "$DIR/none"
t migctl --sim n doctor --root /dev/null
# Never a colour where nobody looks.
env -u NO_COLOR migctl --sim n doctor | grep -c "$(printf '\033')" || :
