# What this deployment says otherwise.
report = {
  timeout = 600 # seconds
}
