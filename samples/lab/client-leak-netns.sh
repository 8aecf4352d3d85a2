# shellcheck shell=sh
# A client in a network namespace of its own opens a connection to dockerd for each
# of its calls and closes none. Only that namespace lists the client's ends.

provoke() {
	start agent -v /var/run/docker.sock:/var/run/docker.sock -v /root/leakclient:/agent:ro busybox:lab \
		/agent -socket /var/run/docker.sock -n 1000
	until_ok 30 sh -c 'docker logs agent 2>&1 | grep -q "1000 connections"'
}

undo() { docker kill agent >/dev/null; }

truth() {
	cat <<-'JSON'
		{
		 "slug": "lab-client-leak-netns",
		 "root_cause": "the client agent, in a network namespace of its own, leaks docker clients: 1000 idle connections to dockerd that it never closes",
		 "accept": ["docker-client-socket-leak-unclosed-client"],
		 "tier": "certain",
		 "must_not_conclude_rules": ["dockerd-kill-wait-dstate-leak", "docker-events-listener-leak"]
		}
	JSON
}
