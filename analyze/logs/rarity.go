package logs

// ordinary is what logs of nodes are full of: what stands here is not rare.
const ordinary = `time="2026-11-22T03:49:28.123456789Z" level=debug msg="Calling GET /v1.41/containers/json?all=1"
time="2026-11-22T03:50:17.5+08:00" level=debug msg="Calling POST /v1.38/exec/0a1b2c3d4e5f/start"
time="2026-11-22T15:18:36.864209753Z" level=debug msg="Calling POST /v1.41/containers/web-1/wait?condition=next-exit"
time="2026-11-22T15:18:36Z" level=debug msg="starting exec command 6a7b8c9d in container e0f1a2b3"
time="2026-11-22T16:18:46.975310864Z" level=debug msg="form data: {\"AttachStderr\":true,\"AttachStdin\":false,\"Cmd\":[\"sh\",\"-c\"],\"Detach\":false,\"Memory\":0,\"RestartPolicy\":{\"Name\":\"no\"},\"NetworkMode\":\"default\",\"ReadonlyPaths\":null}"
time="2026-11-22T17:28:56Z" level=debug msg="attach: stdout: begin"
time="2026-11-22T17:38:06Z" level=debug msg="bundle dir created" bundle=/var/run/docker/containerd/0a1b module=libcontainerd namespace=moby root=/var/lib/docker/overlay2/0a1b/merged
time="2026-11-22T18:48:16Z" level=debug msg=event module=libcontainerd namespace=moby topic=/tasks/exec-started
time="2026-11-22T19:58:26Z" level=debug msg="/usr/sbin/iptables, [--wait -t filter -C FORWARD -j DOCKER-USER]"
time="2026-11-22T19:58:26Z" level=debug msg="Request address PoolID:172.17.0.0/16 App: ipam/default/data, for endpoint web-1's interface on network bridge"
time="2026-11-22T20:08:37Z" level=info msg="ignoring event" container=0a1b module=libcontainerd namespace=moby topic=/tasks/delete type="*events.TaskDelete"
time="2026-11-22T21:18:47Z" level=info msg="starting signal loop" namespace=k8s.io path=/run/containerd/io.containerd.runtime.v2.task/k8s.io/0a1b pid=1234 runtime=io.containerd.runc.v2
time="2026-11-22T22:28:57Z" level=info msg="shim reaped" id=0a1b
time="2026-11-22T23:38:07Z" level=warning msg="cleaning up after container exited, restart in 10s" error="exit status 1"
time="2026-11-22T23:38:07Z" level=info msg="ExecSync for \"0a1b\" with command [/bin/sh -c] and timeout 5 (s) returns with exit code 0"
time="2026-11-22T23:38:07Z" level=info msg="CreateContainer within sandbox \"0a1b\" for &ContainerMetadata{Name:web,Attempt:0,} returns container id \"2c3d\""
time="2026-11-22T23:48:17Z" level=info msg="StopPodSandbox for \"0a1b\" returns successfully"
I1122 03:49:28.123456    1028 kubelet.go:1953] "SyncLoop (PLEG): event for pod" pod="kube-system/web-0" event={"ID":"d1aab5f0-ae8f-11eb-a151-080027049c65","Type":"ContainerStarted","Data":"0a1b"}
I1122 04:59:38.234567    1028 operation_generator.go:571] MountVolume.SetUp succeeded for volume "default-token" (UniqueName: "kubernetes.io/secret/d1aab5f0-default-token") pod "web-0" (UID: "d1aab5f0")
I1122 05:19:48.345678    1028 prober.go:117] Readiness probe for "web-0_prod(d1aab5f0):web" failed (failure): HTTP probe failed with statuscode: 503
W1122 06:29:58.456789    1028 status_manager.go:550] "Failed to update status for pod" err="failed to patch status: context deadline exceeded"
E1122 07:39:08.567890    1028 pod_workers.go:191] Error syncing pod d1aab5f0 ("web-0_prod(d1aab5f0)"), skipping: failed to "StartContainer" for "web" with CrashLoopBackOff: "back-off 5m0s restarting failed container=web pod=web-0_prod"
Nov 22 03:49:28 node-a systemd[1]: Started Session 12 of user root.
Nov 22 04:59:38 node-a systemd[1]: run-docker-runtime\x2drunc-moby.mount: Succeeded.
Nov 22 05:09:48 node-a kernel: [62365.889369] docker0: port 1(veth12ab34c) entered forwarding state
Nov 22 06:19:58 node-a sshd[2345]: Accepted publickey for root from 10.0.0.1 port 51234 ssh2
Nov 22 07:29:08 node-a dockerd[1334]: http: multiple response.WriteHeader calls
{"log":"request served\n","stream":"stdout","time":"2026-11-22T03:49:28.123456789Z","level":"info"}
`

// rarity tells how rare parts of literals are in logs.
type rarity struct {
	// common counts, by hash of four bytes, how often they stand in ordinary lines. Bytes
	// of the same hash are as bad.
	common [1 << gramBits]uint16
}

func newRarity() *rarity {
	r := &rarity{}
	for at := range len(ordinary) - gram + 1 {
		r.common[hashGram([]byte(ordinary[at:at+gram]))]++
	}
	return r
}

// rarest is where in a literal that window stands whose bytes ordinary lines have least
// often.
func (r *rarity) rarest(text string, window int) int {
	best, least := 0, -1
	for from := 0; from+window <= len(text); from++ {
		n := 0
		for at := from; at+gram <= from+window; at++ {
			n += int(r.common[hashGram([]byte(text[at:at+gram]))])
		}
		if least < 0 || n < least {
			best, least = from, n
		}
	}
	return best
}
