# shellcheck shell=sh
# Nothing is wrong, and no curl is there to ask the debug endpoints: the collector
# takes the goroutines by SIGUSR1, and takes away the files that the daemons write.

# shellcheck disable=SC2034 # for check.sh
members='goroutines/goroutine-stacks-.*\.log goroutines/containerd\.[0-9]*\.stacks\.log'

provoke() {
	mount --bind /dev/null "$(command -v curl)"
	docker exec app true
}

undo() { umount "$(command -v curl)"; }

truth() {
	cat <<-'JSON'
		{
		 "slug": "lab-no-endpoint",
		 "root_cause": "none (healthy, goroutine dumps by signal only)",
		 "healthy": true
		}
	JSON
}
