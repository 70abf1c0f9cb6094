# SPDX-License-Identifier: MIT
# Packages that a fresh Debian 12 needs, and their installation. Sourced by tests/run and quickstart.

packages_build=(
        gcc libc6-dev meson ninja-build pkg-config scdoc
        libsystemd-dev libmicrohttpd-dev libsqlite3-dev libyaml-dev libldns-dev libgnutls28-dev libjansson-dev
        libcrypt-dev libmariadb-dev libcurl4-gnutls-dev
)
packages_run=(bind9 bind9-utils bind9-dnsutils python3)
packages_test=(
        clang-format clang-tidy cppcheck shellcheck pyflakes3
        libcmocka-dev systemd systemd-container dbus openssl iproute2 ldnsutils
        mariadb-server pdns-server pdns-backend-mysql pdns-tools
        git lintian mmdebstrap zsh fish groff-base rpm rpmlint apparmor strace prometheus
)
# Packages that bring a daemon, and the services of these.
packages_daemons=(bind9 mariadb-server pdns-server apparmor prometheus)
services_daemons=(named.service mariadb.service pdns.service apparmor.service prometheus.service)

# packages_missing PACKAGE...: prints those that are not installed. Where there is no dpkg nobody can tell: it prints none.
packages_missing() {
        command -v dpkg-query >/dev/null || return 0
        local package
        for package; do
                [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || echo "$package"
        done
}

# Installing a daemon starts it and has it started at each boot. Nobody asked for that: policy-rc.d forbids the first, as
# long as it stands there, and `systemctl disable` undoes the second. Those that were there before are left as they were.
install_without_starting() (
        policy=/usr/sbin/policy-rc.d
        if [[ ! -e $policy ]]; then
                trap 'rm -f "$policy"' EXIT
                trap 'exit 1' INT TERM HUP
                printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy" || exit
        fi
        export DEBIAN_FRONTEND=noninteractive
        apt-get install -y -qq --no-install-recommends "$@" >/dev/null || exit
        local i
        for i in "${!packages_daemons[@]}"; do
                [[ " $* " != *" ${packages_daemons[i]} "* ]] || systemctl --quiet disable "${services_daemons[i]}" || exit
        done
)

# packages_ensure PACKAGE...: installs what is missing if that is possible here, else names it. 0: everything is there.
packages_ensure() {
        local missing
        mapfile -t missing < <(packages_missing "$@")
        ((${#missing[@]} > 0)) || return 0

        if ((EUID != 0)) || ! command -v apt-get >/dev/null; then
                echo "These packages are missing: ${missing[*]}" >&2
                echo "Install them as root: apt-get install ${missing[*]}" >&2
                return 1
        fi
        echo "Installing ${missing[*]}" >&2
        apt-get update -qq || return
        install_without_starting "${missing[@]}"
}
