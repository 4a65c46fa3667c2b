#!/bin/bash
# A Ceph cluster of one monitor, one OSD in memory and one radosgw, on loopback, as any user: an S3 server that verifies
# signatures, and an STS. usage: start-radosgw.sh DIR PORT (and PORT + 1). Prints "ready" and stays until it is told to end, or its parent has. The
# user is AKIDTEST, the role arn:aws:iam:::role/R.
set -eu
D=$1; P=$2; MP=$((P+1)); mkdir -p $D/{mon,osd,run,log}; FS=$(cat /proc/sys/kernel/random/uuid)
cat > $D/ceph.conf <<C
[global]
fsid = $FS
mon host = v1:127.0.0.1:$MP
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
run dir = $D/run
admin socket = $D/run/\$cluster-\$name.asok
pid file = $D/run/\$name.pid
log file = $D/log/\$name.log
crash dir = $D/run
keyring = $D/keyring
ms bind ipv6 = false
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind msgr2 = false
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
mon allow pool size one = true
mon max pg per osd = 1000
osd crush chooseleaf type = 0
setuser match path = /
mon data = $D/mon
mon data avail warn = 1
mon data avail crit = 1
mon warn on insecure global id reclaim = false
auth allow insecure global id reclaim = true
osd data = $D/osd
osd objectstore = memstore
memstore device bytes = 2147483648
osd max object name len = 2048
rgw frontends = beast endpoint=127.0.0.1:$P
rgw data = $D/run
rgw enable usage log = false
rgw dns name = s3.localhost
rgw region =
rgw thread pool size = 16
rgw sts key = abcdefghijklmnop
rgw s3 auth use sts = true
rgw enable apis = s3, sts, iam, admin
rgw crypt require ssl = false
rgw gc obj min wait = 0
C
parent=$PPID
trap 'kill -KILL $(cat $D/pids) 2>/dev/null' EXIT
trap 'exit 0' TERM INT
export CEPH_CONF=$D/ceph.conf
ceph-authtool --create-keyring $D/keyring --gen-key -n mon. --cap mon 'allow *'
for e in client.admin osd.0 client.rgw; do ceph-authtool $D/keyring --gen-key -n $e --cap mon 'allow *' --cap osd 'allow *' --cap mgr 'allow *'; done
monmaptool --create --clobber --fsid $FS --addv a "[v1:127.0.0.1:$MP]" $D/monmap >/dev/null
ceph-mon -c $D/ceph.conf --mkfs -i a --monmap $D/monmap --keyring $D/keyring
nice ceph-mon -c $D/ceph.conf -i a -f > $D/mon.out 2>&1 & echo $! > $D/pids
ceph() { timeout 20 /usr/bin/ceph -c $D/ceph.conf "$@"; }
U=$(cat /proc/sys/kernel/random/uuid)
ceph osd new $U >/dev/null
ceph-osd -c $D/ceph.conf -i 0 --mkfs --osd-uuid $U >> $D/osd.out 2>&1
nice ceph-osd -c $D/ceph.conf -i 0 -f >> $D/osd.out 2>&1 & echo $! >> $D/pids
radosgw-admin -c $D/ceph.conf user create --uid=test --display-name=t --access-key=AKIDTEST --secret-key=SECRETTEST --caps 'roles=*' > $D/user.out 2>&1
nice radosgw -c $D/ceph.conf -f -n client.rgw > $D/rgw.out 2>&1 & echo $! >> $D/pids
radosgw-admin -c $D/ceph.conf role create --role-name=R --path=/ --assume-role-policy-doc='{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam:::user/test"]},"Action":["sts:AssumeRole"]}]}' > $D/role.out 2>&1
radosgw-admin -c $D/ceph.conf role-policy put --role-name=R --policy-name=p --policy-doc='{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::*"}]}' >> $D/role.out 2>&1
for i in $(seq 600); do
  if curl -s -o /dev/null http://127.0.0.1:$P/; then
    echo ready
    while kill -0 $parent 2>/dev/null; do sleep 1 & wait $!; done
    exit 0
  fi
  sleep 0.05
done
exit 1
