# shellcheck shell=sh
# An exec, as of a probe, runs a program that is not in the image.

# shellcheck disable=SC2034 # for check.sh
shell='busybox ash'

provoke() {
	for c in app app app job job job; do
		docker exec "$c" nosuchbin && return 1
	done
	docker exec job /usr/local/bin/healthcheck.sh && return 1
	return 0
}

undo() { :; }

truth() {
	cat <<-'JSON'
		{
		 "slug": "lab-exec-missing-binary",
		 "root_cause": "exec of programs that do not exist in the image",
		 "accept": ["exec-binary-missing"],
		 "tier": "certain",
		 "must_not_conclude_rules": ["runc-state-json-nonatomic"]
		}
	JSON
}
