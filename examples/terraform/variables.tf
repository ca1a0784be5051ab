variable "region" {
  description = "Where the shop runs."
  type        = string
  default     = "us-east-1"
}

variable "retention_days" {
  description = "Days to keep logs; 0 keeps them for ever."
  type        = number
  default     = 0
}

variable "report" {
  description = "The nightly report's size."
  type = object({
    memory_size = optional(number, 3008) # MB
    timeout     = optional(number, 900)
  })
}
