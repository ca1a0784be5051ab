variable "name" {
  type = string
}

variable "archive" {
  type = string
}

variable "role_arn" {
  type = string
}

variable "memory_size" {
  type    = number
  default = 128
}

variable "timeout" {
  type    = number
  default = 3
}

variable "retention_days" {
  type    = number
  default = null
}
