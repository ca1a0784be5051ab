#!/bin/sh
# Deploys the reference stack with Pulumi's own command to the AWS at AWS_ENDPOINT_URL; see docs/pulumi.md.
#
#   scripts/pulumi_up.sh [SUFFIX] [KEY=VALUE ...]
#
# State and stack settings live in PULUMI_STATE_DIR (default: the user's state folder), never in the checkout.
set -eu

fail() {
    echo "pulumi_up: $1" >&2
    exit 1
}

suffix=${1:-${ENVIRONMENT_SUFFIX:-dev}}
[ $# -eq 0 ] || shift
command -v pulumi >/dev/null || fail "pulumi is not on the PATH: install it from https://www.pulumi.com/docs/install/."
[ -n "${AWS_ENDPOINT_URL:-}" ] || fail "AWS_ENDPOINT_URL is not set: start 'lambda-tailor demo --keep' and export what it prints."

root=$(cd "$(dirname "$0")/.." && pwd)
state=${PULUMI_STATE_DIR:-${XDG_STATE_HOME:-$HOME/.local/state}/lambda-tailor/pulumi}
project=$state/project
mkdir -p "$state/backend" "$project"
rm -rf "$project/lib"
cp -R "$root/lib" "$project/lib"
# Without a virtual environment of its own the project runs on the python3 that is first on the PATH.
sed -e '/^  options:/d' -e '/^    virtualenv:/d' "$root/Pulumi.yaml" >"$project/Pulumi.yaml"

# An access key of twelve digits is the account to the embedded AWS; real credentials have no business there.
case ${AWS_ACCESS_KEY_ID:-} in
    [0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]) ;;
    *) AWS_ACCESS_KEY_ID=123456789012 ;;
esac
AWS_SECRET_ACCESS_KEY=local
export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
unset AWS_PROFILE AWS_SESSION_TOKEN

export PULUMI_BACKEND_URL="file://$state/backend"
export PULUMI_CONFIG_PASSPHRASE="${PULUMI_CONFIG_PASSPHRASE:-local}"
export PULUMI_SKIP_UPDATE_CHECK=true

run() {
    pulumi --cwd "$project" --non-interactive "$@"
}

keep() {
    run config set --stack "$suffix" "$@"
}

# Through standard input: arguments are there for everyone on the machine to see.
keep_secret() {
    printf '%s' "$2" | keep --secret "$1"
}

sample() {
    run config get --stack "$suffix" "$1" >/dev/null 2>&1 || keep_secret "$1" "$2"
}

run stack select --create "$suffix"
keep environmentSuffix "$suffix"
keep aws:region "${AWS_REGION:-us-east-1}"
for service in cloudwatch iam lambda logs s3 s3control secretsmanager sqs sts; do
    keep --path "aws:endpoints[0].$service" "$AWS_ENDPOINT_URL"
done
keep aws:s3UsePathStyle true
keep aws:skipCredentialsValidation true
keep aws:skipMetadataApiCheck true
keep aws:skipRegionValidation true
for pair in "$@"; do
    case $pair in
        databaseUrl=* | apiKey=*) fail "set ${pair%%=*} with 'pulumi config set --secret', not as an argument." ;;
        *=*) keep "${pair%%=*}" "${pair#*=}" ;;
        *) fail "$pair is not KEY=VALUE." ;;
    esac
done
# The embedded AWS is nobody's: there is no one to give its secrets a value.
sample databaseUrl "postgresql://sample@database.example:5432/sample"
sample apiKey sample-key-of-the-embedded-aws

# The embedded AWS forgets when it stops, so what the state remembers is looked up first.
run up --stack "$suffix" --refresh --yes --skip-preview
