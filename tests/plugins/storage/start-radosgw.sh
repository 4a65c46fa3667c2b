#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A Ceph cluster of one monitor, one OSD in memory and one radosgw, on loopback, as any user: an S3 server that verifies
# signatures, and an STS. usage: start-radosgw.sh DIR PORT (and PORT + 1). Prints "ready" and stays until it is told to end, or its
# parent has. The user is AKIDTEST, the role arn:aws:iam:::role/R.
set -eu
dir=$1 port=$2 parent=$PPID
export CEPH_CONF=$dir/ceph.conf
mkdir -p "$dir"/{mon,osd,run,log}
: > "$dir/pids"
trap 'xargs -r kill -KILL < "$dir/pids" 2>/dev/null || true' EXIT
trap 'exit 0' TERM INT

background() {
  local log=$1
  shift
  nice "$@" > "$log" 2>&1 &
  echo $! >> "$dir/pids"
}

cluster=$(cat /proc/sys/kernel/random/uuid)
cat > "$CEPH_CONF" <<C
[global]
fsid = $cluster
mon host = v1:127.0.0.1:$((port + 1))
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
run dir = $dir/run
admin socket = $dir/run/\$cluster-\$name.asok
pid file = $dir/run/\$name.pid
log file = $dir/log/\$name.log
crash dir = $dir/run
keyring = $dir/keyring
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
mon data = $dir/mon
mon data avail warn = 1
mon data avail crit = 1
mon warn on insecure global id reclaim = false
auth allow insecure global id reclaim = true
osd data = $dir/osd
osd objectstore = memstore
memstore device bytes = 2147483648
osd max object name len = 2048
rgw frontends = beast endpoint=127.0.0.1:$port
rgw data = $dir/run
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

ceph-authtool --create-keyring "$dir/keyring" --gen-key -n mon. --cap mon 'allow *'
for entity in client.admin osd.0 client.rgw; do
  ceph-authtool "$dir/keyring" --gen-key -n $entity --cap mon 'allow *' --cap osd 'allow *' --cap mgr 'allow *'
done
monmaptool --create --clobber --fsid "$cluster" --addv a "[v1:127.0.0.1:$((port + 1))]" "$dir/monmap"
ceph-mon --mkfs -i a --monmap "$dir/monmap" --keyring "$dir/keyring"
background "$dir/mon.out" ceph-mon -i a -f
osd=$(cat /proc/sys/kernel/random/uuid)
timeout 60 ceph osd new "$osd"
ceph-osd -i 0 --mkfs --osd-uuid "$osd"
background "$dir/osd.out" ceph-osd -i 0 -f
radosgw-admin user create --uid=test --display-name=t --access-key=AKIDTEST --secret-key=SECRETTEST --caps 'roles=*' > "$dir/user.out" 2>&1
background "$dir/rgw.out" radosgw -f -n client.rgw
{
  radosgw-admin role create --role-name=R --path=/ --assume-role-policy-doc='{"Version":"2012-10-17","Statement":[
    {"Effect":"Allow","Principal":{"AWS":["arn:aws:iam:::user/test"]},"Action":["sts:AssumeRole"]}]}'
  radosgw-admin role-policy put --role-name=R --policy-name=p --policy-doc='{"Version":"2012-10-17","Statement":[
    {"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::*"}]}'
} > "$dir/role.out" 2>&1
for _ in $(seq 600); do
  if curl -s -o "$dir/first" "http://127.0.0.1:$port/"; then
    echo ready
    while kill -0 "$parent" 2>/dev/null; do
      sleep 1 &
      wait $!
    done
    exit 0
  fi
  sleep 0.05
done
exit 1
