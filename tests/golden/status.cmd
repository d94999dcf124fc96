. tests/golden/session.sh
t migctl sim new n --gpus 1xA100-SXM4-80GB,1xH100-SXM5-80GB --seed 1
t migctl --sim n status
t migctl --sim n enable --all
t migctl --sim n create -i 0 3g.40gb 2x1g.10gb
t migctl --sim n create -i 0 --no-ci 1g.10gb
t migctl --sim n create -i 1 3x1c.3g.40gb 1g.20gb
t migctl --sim n status
t migctl --sim n status 1
t migctl --sim n status 0 --json
t migctl --sim n status 2
t migctl --sim n status 0/1
t migctl --sim n status eight
# Where the terminal knows no boxes.
LC_ALL=C t migctl --sim n status 0
