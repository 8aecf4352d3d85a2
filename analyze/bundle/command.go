package bundle

import (
	"net/url"
	"path"
	"strings"
)

// syntax is how a tool reads its command line.
type syntax struct {
	// valued are the flags, of the tool and of its subcommands, whose value is the
	// next word.
	valued string
	// groups are the subcommands that take another: "container" of docker.
	groups string
	// url is set for tools whose verb is the path of the URL that they fetch.
	url bool
}

// tools are those with a verb, from their manual pages and --help.
var tools = map[string]syntax{
	"docker": {
		valued: "--config -c --context -H --host -l --log-level --tlscacert --tlscert --tlskey",
		groups: "builder buildx checkpoint compose config container context image manifest network node plugin secret service stack swarm system trust volume",
	},
	"podman": {
		valued: "--log-level --root --runroot --runtime --storage-driver --url --connection -c",
		groups: "container image network pod system volume",
	},
	"nerdctl": {
		valued: "-a --address -H --host -n --namespace --snapshotter --data-root",
		groups: "container image network system volume",
	},
	"ctr": {
		valued: "-a --address -n --namespace --timeout --connect-timeout -d --debug-socket",
		groups: "c container containers content events i image images info leases namespace namespaces ns plugin plugins pprof sandbox sandboxes shim snapshot snapshots t task tasks",
	},
	"crictl":     {valued: "-c --config -r --runtime-endpoint -i --image-endpoint -t --timeout"},
	"kubectl":    {valued: "-n --namespace --kubeconfig --context --cluster --user -s --server --request-timeout -v", groups: "config rollout top auth"},
	"systemctl":  {valued: "-H --host -M --machine -t --type -p --property -n --lines -o --output --state"},
	"runc":       {valued: "--root --log --log-format --criu --rootless"},
	"ip":         {valued: "-n -netns -f -family", groups: "netns"},
	"curl":       {url: true},
	"wget":       {url: true},
	"containerd": {valued: "-c --config -l --log-level -a --address --root --state", groups: "config"},
}

// wrappers run another command: the flags whose value is the next word, and the
// number of words of their own before it.
var wrappers = map[string]struct {
	valued string
	own    int
}{
	"timeout": {"-k --kill-after -s --signal", 1},
	"env":     {"-u --unset -C --chdir", 0},
	"sudo":    {"-u --user -g --group", 0},
	"nice":    {"-n --adjustment", 0},
	"ionice":  {"-c --class -n --classdata", 0},
	"nsenter": {"-t --target", 0},
	"chroot":  {"", 1},
	"stdbuf":  {"-i -o -e", 0},
	"busybox": {"", 0},
	"nohup":   {"", 0},
	"setsid":  {"", 0},
	"exec":    {"", 0},
}

// toolVerb returns the tool that a command runs and, where the tool has one, its
// subcommand: "docker", "inspect"; "ctr", "tasks ls"; "curl",
// "debug/pprof/goroutine".
func toolVerb(command string) (tool, verb string) {
	words := unwrap(strings.Fields(command))
	if len(words) == 0 {
		return "", ""
	}
	tool = path.Base(words[0])
	syn, ok := tools[tool]
	switch {
	case !ok:
		return tool, ""
	case syn.url:
		return tool, urlPath(words[1:])
	}
	first, rest := word(words[1:], syn.valued)
	if first != "" && holds(syn.groups, first) {
		if second, _ := word(rest, syn.valued); second != "" {
			first += " " + second
		}
	}
	return tool, first
}

// unwrap drops leading assignments and wrappers such as timeout and sudo.
func unwrap(words []string) []string {
	for len(words) > 0 {
		if i := strings.IndexByte(words[0], '='); i > 0 && !strings.ContainsAny(words[0][:i], "/-") {
			words = words[1:]
			continue
		}
		wrap, ok := wrappers[path.Base(words[0])]
		if !ok {
			return words
		}
		words = words[1:]
		for own := wrap.own; ; own-- {
			words = skipFlags(words, wrap.valued)
			if own <= 0 || len(words) == 0 {
				break
			}
			words = words[1:]
		}
	}
	return nil
}

// skipFlags drops leading flags and, for those in valued, their values.
func skipFlags(words []string, valued string) []string {
	for len(words) > 0 && strings.HasPrefix(words[0], "-") {
		n := 1
		if holds(valued, words[0]) {
			n = 2
		}
		if words[0] == "--" {
			return words[1:]
		}
		words = words[min(n, len(words)):]
	}
	return words
}

// word returns the first word that is neither a flag nor its value.
func word(words []string, valued string) (first string, rest []string) {
	words = skipFlags(words, valued)
	if len(words) == 0 {
		return "", nil
	}
	return words[0], words[1:]
}

// urlPath returns the path of the first URL among words, without its first
// slash.
func urlPath(words []string) string {
	for _, w := range words {
		w = strings.Trim(w, `'"`)
		if !strings.Contains(w, "://") {
			continue
		}
		if u, err := url.Parse(w); err == nil {
			return strings.TrimPrefix(u.Path, "/")
		}
	}
	return ""
}

func holds(list, word string) bool {
	for w := range strings.FieldsSeq(list) {
		if w == word {
			return true
		}
	}
	return false
}
