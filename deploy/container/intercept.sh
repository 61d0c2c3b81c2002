#!/usr/bin/env bash
# Turns this machine's (or container's) TCP connections to the sidecar, without the application knowing.
#
#   intercept.sh on  --uid UID [options]   what the application calls, and who calls it, passes the sidecar
#   intercept.sh off                       undo
#
#   --uid UID            user the sidecar runs as, whose own connections are left alone (required)
#   --outbound PORT      the sidecar's outbound listener; "" leaves outgoing connections alone [15001]
#   --inbound PORT       its inbound listener, on 0.0.0.0; "" leaves incoming connections alone [15006]
#   --ports LIST         intercept incoming connections to these ports only, for example 8080,9090 [all]
#   --exclude-in LIST    ports never intercepted when they come in [22,15000]
#   --exclude-out LIST   ports never intercepted when they go out []
#   --exclude-net LIST   networks never intercepted when going out, for example 169.254.0.0/16 []
#   --ipv6               IPv6 too; both listeners must then be reachable on ::1 and the machine's addresses
#
# Start the sidecar with --intercept. Run as root in the application's network namespace; running it
# again replaces what it did before. Connections to this machine's own addresses stay direct.
set -euo pipefail

fail() { echo "intercept.sh: $1" >&2; exit 2; }

uid="" outbound=15001 inbound=15006 ports="" exclude_in=22,15000 exclude_out="" exclude_net="" six=""
action=${1:-}
[ "$action" = on ] || [ "$action" = off ] || fail "say 'on --uid UID' or 'off'"
shift
while [ $# -gt 0 ]; do
  case $1 in
    --ipv6) six=yes; shift; continue ;;
    --uid | --outbound | --inbound | --ports | --exclude-in | --exclude-out | --exclude-net)
      [ $# -ge 2 ] || fail "$1 needs a value" ;;
    *) fail "unknown option $1; the options are at the top of this script" ;;
  esac
  case $1 in
    --uid) uid=$2 ;;
    --outbound) outbound=$2 ;;
    --inbound) inbound=$2 ;;
    --ports) ports=$2 ;;
    --exclude-in) exclude_in=$2 ;;
    --exclude-out) exclude_out=$2 ;;
    --exclude-net) exclude_net=$2 ;;
  esac
  shift 2
done
[ "$action" = off ] || [ -n "$uid" ] || fail "give --uid: the user the sidecar runs as must not be intercepted itself"
[ "$(id -u)" -eq 0 ] || fail "run it as root: it changes the firewall"
command -v iptables >/dev/null || fail "iptables is not installed"

undo() { # COMMAND: remove our chains and the jumps to them, as far as they exist
  local chain hook
  for pair in PREROUTING:SPANMESH_IN OUTPUT:SPANMESH_OUT; do
    hook=${pair%%:*} chain=${pair##*:}
    while "$1" -w -t nat -D "$hook" -p tcp -j "$chain" 2>/dev/null; do :; done
    "$1" -w -t nat -F "$chain" 2>/dev/null && "$1" -w -t nat -X "$chain"
  done
  return 0
}

redirect() { # CHAIN MATCH PORTS TARGET: a rule for each port of a comma-separated list
  local port
  for port in ${3//,/ }; do echo "-A $1 -p tcp $2 $port $4"; done
}

rules() { # COMMAND: our part of the nat table, in the form of iptables-save
  local net
  echo "*nat"
  if [ -n "$inbound" ]; then
    echo ":SPANMESH_IN - [0:0]"
    echo "-A SPANMESH_IN -m addrtype ! --dst-type LOCAL -j RETURN"
    redirect SPANMESH_IN --dport "$inbound,$exclude_in" "-j RETURN"
    if [ -n "$ports" ]; then
      redirect SPANMESH_IN --dport "$ports" "-j REDIRECT --to-ports $inbound"
    else
      echo "-A SPANMESH_IN -p tcp -j REDIRECT --to-ports $inbound"
    fi
    echo "-A PREROUTING -p tcp -j SPANMESH_IN"
  fi
  if [ -n "$outbound" ]; then
    echo ":SPANMESH_OUT - [0:0]"
    echo "-A SPANMESH_OUT -m owner --uid-owner $uid -j RETURN"
    echo "-A SPANMESH_OUT -m addrtype --dst-type LOCAL -j RETURN"
    redirect SPANMESH_OUT --dport "$exclude_out" "-j RETURN"
    for net in ${exclude_net//,/ }; do
      case $1:$net in
        iptables:*:* | ip6tables:*.*) ;; # a network of the other kind
        *) echo "-A SPANMESH_OUT -d $net -j RETURN" ;;
      esac
    done
    echo "-A SPANMESH_OUT -p tcp -j REDIRECT --to-ports $outbound"
    echo "-A OUTPUT -p tcp -j SPANMESH_OUT"
  fi
  echo COMMIT
}

undo iptables
if command -v ip6tables >/dev/null; then undo ip6tables; fi
[ "$action" = on ] || exit 0
# All rules of a table take effect at once, or none does.
rules iptables | iptables-restore -w --noflush || fail "iptables refused the rules: see the line above for what is wrong or missing"
if [ -n "$six" ]; then
  rules ip6tables | ip6tables-restore -w --noflush || { undo iptables; fail "ip6tables refused the rules: leave --ipv6 out, or see the line above"; }
fi
