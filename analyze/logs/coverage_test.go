package logs

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"culprit/analyze/line"
)

func TestCoverage(t *testing.T) {
	klog := "I1122 03:49:28.000000    9 kubelet.go:1] a\n"
	tests := []struct {
		name, text       string
		daemon, format   string
		cutHead, cutTail bool
	}{
		{"empty", "", "", "text", false, false},
		{"logrus of dockerd", logrus(3, 0, 0, `msg="Calling GET /_ping"`) + logrus(3, 0, 1, `msg=a`), "dockerd", "logrus", false, false},
		{"logrus of containerd", logrus(3, 0, 0, `msg="loading plugin \"x\"..."`), "containerd", "logrus", false, false},
		{"logrus of nobody", logrus(3, 0, 0, `msg=a`), "", "logrus", false, false},
		{"dockerd with its own containerd", strings.Repeat(logrus(3, 0, 0, `msg="loading plugin \"x\"..."`), 3) + logrus(3, 0, 1, `msg="Calling GET /_ping"`),
			"dockerd", "logrus", false, false},
		{"a head of banners", strings.Repeat("Flag --a\n", sampleHead) + strings.Repeat(klog, 3*sampleStep/len(klog)), "kubelet", "klog", false, false},
		{"klog after banners", "Flag --a has been deprecated\nFlag --b\n" + klog + klog + klog, "kubelet", "klog", false, false},
		{"cut head", "nnection refused\" module=grpc\n" + logrus(3, 0, 0, `msg=a`), "", "logrus", true, false},
		{"plain text is not cut", "all plain\ntext\n", "", "text", false, false},
		{"cut tail", klog + "I1122 03:49:2", "kubelet", "klog", false, true},
		{"journal of kubelet", "-- Logs begin at Fri --\n" + strings.Repeat("Nov 22 03:49:28 h kubelet[1]: "+klog, 2) +
			"Nov 22 03:49:28 h systemd[1]: a\n", "kubelet", "klog", false, false},
		{"messages of many", "Nov 22 03:49:28 h a[1]: x\nNov 22 03:49:28 h b[1]: x\n", "", "syslog", false, false},
		{"dmesg", "[    1.000000] a\n[    2.000000] b\n", "kernel", "kernel", false, false},
		{"json", "{\"ts\":1637553908,\"msg\":\"a\"}\n", "", "json", false, false},
		{"terminal", "[root@node ~]# journalctl -u docker\n" + logrus(3, 0, 0, `msg=a`), "", "logrus", false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := mustCompile(t, nil).Scan(strings.NewReader(tt.text), "l", "").Log
			if l.Daemon != tt.daemon || l.Format != tt.format || l.CutHead != tt.cutHead || l.CutTail != tt.cutTail {
				t.Errorf("got daemon %q format %q head %v tail %v", l.Daemon, l.Format, l.CutHead, l.CutTail)
			}
		})
	}
}

// TestWindow compares the stamps found lazily with a look at every line.
func TestWindow(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	s := mustCompile(t, nil)
	for range 200 {
		var b strings.Builder
		var first, last time.Time
		for i := range rnd.IntN(160) {
			text := "  continuation"
			switch rnd.IntN(40) {
			case 0:
				text = strings.TrimSpace(logrus(3, i/60, i%60, "msg=a"))
			case 1:
				text = fmt.Sprintf(`{"msg":"%s","time":"%s"}`, strings.Repeat("x", 2*line.StampReach), stampAt(3, i/60, i%60).Format(time.RFC3339))
			}
			if stamp, ok := line.Stamp([]byte(text)); ok {
				if last = stamp.Time; first.IsZero() {
					first = last
				}
			}
			b.WriteString(text + "\n")
		}
		l := s.Scan(strings.NewReader(b.String()), "l", "").Log
		if l.First != first || l.Last != last {
			t.Fatalf("window %v to %v, want %v to %v in\n%s", l.First, l.Last, first, last, b.String())
		}
	}
}

func TestDaemonOf(t *testing.T) {
	for unit, want := range map[string]string{
		"dockerd": "dockerd", "docker": "dockerd", "/usr/bin/dockerd-current": "dockerd", "docker-containerd": "containerd",
		"containerd-shim-runc-v2": "containerd-shim", "kubenswrapper": "kubelet", "hyperkube": "kubelet", "kubelet": "kubelet",
		"k3s": "", "systemd": "systemd", "kernel": "kernel",
	} {
		if got := daemonOf(unit); got != want {
			t.Errorf("daemonOf(%q) = %q, want %q", unit, got, want)
		}
	}
}
