# shellcheck shell=sh
# Nothing is wrong: containers run, one was stopped, execs work.

provoke() {
	start old busybox:lab sleep 86400
	docker exec app true
	docker exec app ls /
	docker stop -t 0 old >/dev/null
}

undo() { :; }

truth() {
	cat <<-'JSON'
		{
		 "slug": "lab-healthy",
		 "root_cause": "none (healthy baseline)",
		 "healthy": true
		}
	JSON
}
